// How the code of a release behaves, from its start to its end. `share` is the part of its workers that show the fault.

import type { MachineConfig } from "@brood/core/engine";
import type { FaultKind, Faults } from "./faults.ts";
import type { Random } from "./random.ts";

const BEHAVIOURS = [
  "good",
  "bootThrows",
  "bootExits",
  "bootHangs",
  "openFails",
  "crashesWhenReady",
  "freezesWhenReady",
  "leavesWhenReady",
  "neverDrains",
  "slowBoots",
  "answersBadly",
] as const;

/** Shown only where workers are forked: by the template, or by what is forked from it. */
const TEMPLATE_BEHAVIOURS = [
  "templateUnsafe",
  "templateCrashesWhenReady",
  "templateFreezesWhenReady",
  "forksCrash",
  "forksHang",
  "forkKillsTemplate",
] as const;

export type BehaviourKind = (typeof BEHAVIOURS)[number] | (typeof TEMPLATE_BEHAVIOURS)[number];

export interface Behaviour {
  readonly kind: BehaviourKind;
  /** 0...1 */
  readonly share: number;
  /** From the start of the process to its first report. */
  readonly helloMs: number;
  /** From there until it could open. */
  readonly bootMs: number;
  readonly drainMs: number;
  /** From there until the last idle connection has gone. */
  readonly lingerMs: number;
  /** From ready to the fault, for those that show it then. */
  readonly faultAfterMs: number;
  readonly requestsPerSecond: number;
  readonly rssBytes: number;
  /** What each answer takes. */
  readonly latencyMs: number;
  readonly eventLoopDelayMs: number;
}

export const GOOD: Behaviour = {
  kind: "good",
  share: 1,
  helloMs: 20,
  bootMs: 80,
  drainMs: 10,
  lingerMs: 0,
  faultAfterMs: 0,
  requestsPerSecond: 0,
  rssBytes: 50_000_000,
  latencyMs: 5,
  eventLoopDelayMs: 0,
};

export function drawGoodBehaviour(random: Random, config: MachineConfig): Behaviour {
  return {
    ...GOOD,
    helloMs: random.durationMs(1, 100),
    bootMs: random.durationMs(1, 200),
    drainMs: random.chance(0.7)
      ? random.durationMs(0, 50)
      : random.durationMs(0, config.drainTimeoutMs * 0.9),
    lingerMs: random.chance(0.6) ? 0 : random.durationMs(1, Math.min(6_000, config.drainTimeoutMs)),
    requestsPerSecond: random.pick([0, 1, 100]),
    eventLoopDelayMs: random.chance(0.95) ? 0 : 500,
    rssBytes: random.chance(0.9) ? 50_000_000 : 900_000_000,
  };
}

/** Any behaviour that the faults of this run allow; half of them good. */
export function drawBehaviour(random: Random, config: MachineConfig, faults: Faults): Behaviour {
  const good = drawGoodBehaviour(random, config);
  const kinds = config.template === null ? BEHAVIOURS : [...BEHAVIOURS, ...TEMPLATE_BEHAVIOURS];
  const bad = kinds.filter((kind) => kind !== "good" && faults.has(kind));
  if (bad.length === 0 || random.chance(0.5)) return good;
  const kind = random.pick(bad);
  return {
    ...good,
    kind,
    share: faults.has("flaky" satisfies FaultKind) && random.chance(0.5) ? random.next() : 1,
    bootMs: kind === "slowBoots" ? config.bootTimeoutMs * (0.5 + random.next()) : good.bootMs,
    faultAfterMs: drawFaultAfterMs(random, config),
  };
}

/** Often while a canary is watched, and in the end of that, when others boot already. */
function drawFaultAfterMs(random: Random, { minHealthyMs }: MachineConfig): number {
  const kind = random.next();
  if (kind < 0.3) return random.durationMs(0, minHealthyMs + 1);
  if (kind < 0.6) return random.durationMs(Math.max(0, minHealthyMs - 100), minHealthyMs + 1);
  return random.durationMs(0, 10_000);
}
