// What happens to templates from outside, as plain data, and how it is done to them. `victim` counts through those who live.

import type { MismatchKind, SpawnErrorKind } from "./fleet.ts";
import type { Simulation } from "./simulation.ts";
import type { Damage, SimulatedTemplate } from "./template.ts";
import { block } from "./virtual-time.ts";
import type { WireFault } from "./wire.ts";

export type TemplateAction =
  | { readonly type: "templateMismatch"; readonly kind: MismatchKind }
  | { readonly type: "templateSpawnErrors"; readonly kind: SpawnErrorKind; readonly forMs: number }
  /** EAGAIN for every fork. */
  | { readonly type: "forkErrors"; readonly forMs: number }
  | TemplateBlow;

export type TemplateBlow =
  | { readonly type: "templateKill" | "slowTemplateKill" | "templateLostTail"; readonly victim: number }
  | { readonly type: "templateFreeze"; readonly victim: number; readonly forMs: number }
  /** Everything forked from it from now on is broken. */
  | { readonly type: "templateDamage"; readonly victim: number; readonly damage: Damage }
  /** Dies at its next command: when it has read it, or when it has forked and not yet said so. */
  | { readonly type: "templateDiesAtFork"; readonly victim: number; readonly when: "read" | "forked" }
  | {
      readonly type: "templateWire";
      readonly victim: number;
      readonly kind: WireFault;
      readonly to: "template" | "supervisor";
    }
  | {
      readonly type: "templateDelay";
      readonly victim: number;
      readonly delayMs: number;
      readonly forMs: number;
    }
  | { readonly type: "templateOvertakingExit"; readonly victim: number; readonly delayMs: number };

export function performOnTemplates({ templates, time }: Simulation, action: TemplateAction): void {
  switch (action.type) {
    case "templateMismatch":
      return templates.mistake(action.kind);
    case "templateSpawnErrors":
      return templates.refuse(action.kind, action.forMs);
    case "forkErrors":
      return templates.refuseForks(action.forMs);
    default: {
      const alive = [...templates.alive.values()].filter(({ isAlive }) => isAlive);
      const template = alive[action.victim % Math.max(1, alive.length)];
      if (template !== undefined) strike(time, template, action);
    }
  }
}

function strike(time: Simulation["time"], template: SimulatedTemplate, blow: TemplateBlow): void {
  const now = time.now();
  switch (blow.type) {
    case "templateKill":
      return template.end(null, "SIGKILL");
    case "slowTemplateKill":
      template.diesSlowly = true;
      return;
    case "templateLostTail":
      template.toSupervisor.cut();
      return template.end(null, "SIGKILL");
    case "templateFreeze":
      return block(template.gate, now + blow.forMs);
    case "templateDamage":
      template.damage = blow.damage;
      return;
    case "templateDiesAtFork":
      template.diesAtFork = blow.when;
      return;
    case "templateWire":
      template.hasBadLink = true;
      return (blow.to === "template" ? template.toTemplate : template.toSupervisor).fault(blow.kind);
    case "templateDelay":
      template.hasBadLink = true;
      return template.toSupervisor.slowDown(blow.delayMs, now + blow.forMs);
    case "templateOvertakingExit":
      template.hasBadLink = true;
      template.exitOvertakes = true;
      template.toSupervisor.slowDown(blow.delayMs, Number.POSITIVE_INFINITY);
      return time.happen(blow.delayMs / 2, null, () => template.end(null, "SIGKILL"));
  }
}
