// The plan of one run, drawn from its seed: the configuration, the first release, and what happens when. It is data, so
// that a violation can be shrunk by leaving entries out.

import type { MachineConfig } from "@brood/core/engine";
import type { Action, ScheduledAction } from "./actions.ts";
import { type Behaviour, drawBehaviour, drawGoodBehaviour } from "./behaviour.ts";
import { type Choice, choice, drawChoice, shortly, victim } from "./choice.ts";
import { drawConfig, drawTemplate } from "./draw-config.ts";
import type { Faults } from "./faults.ts";
import type { Random } from "./random.ts";
import { TEMPLATE_CHOICES } from "./template-choices.ts";

export interface Plan {
  readonly config: MachineConfig;
  readonly firstRelease: Behaviour;
  readonly schedule: readonly ScheduledAction[];
}

export function drawPlan(random: Random, config: MachineConfig, faults: Faults, entries: number): Plan {
  const firstRelease = random.chance(0.92)
    ? drawGoodBehaviour(random, config)
    : drawBehaviour(random, config, faults);
  const possible = config.template === null ? CHOICES : [...CHOICES, ...TEMPLATE_CHOICES];
  const choices = possible.filter(({ fault }) => fault === null || faults.has(fault));
  const schedule: ScheduledAction[] = [];
  let atMs = 0;
  for (let count = 0; count < entries; count += 1) {
    atMs = Math.round((atMs + drawGapMs(random)) * 1_000) / 1_000;
    schedule.push({ atMs, action: drawChoice(random, choices).draw(random, config, faults) });
  }
  return { config, firstRelease, schedule };
}

/** Often at once or within the time that a boot takes: that is where things overlap. */
function drawGapMs(random: Random): number {
  const kind = random.next();
  if (kind < 0.25) return 0;
  if (kind < 0.6) return random.durationMs(0, 250);
  if (kind < 0.9) return random.durationMs(0, 5_000);
  return random.durationMs(0, 40_000);
}

const CHOICES: readonly Choice[] = [
  choice(10, null, (random, config, faults) => ({
    type: "deploy",
    behaviour: drawBehaviour(random, config, faults),
    byPath: random.chance(0.3),
  })),
  choice(3, null, () => ({ type: "restart" })),
  choice(2, null, (random, config) => ({
    type: "reconfigure",
    settings: {
      ...drawConfig(random, random.integer(1, config.desired + 3)),
      template: drawTemplateOf(config, random),
    },
  })),
  choice(2, null, (random) => ({ type: "rollback", back: random.integer(1, 3) })),
  choice(2, null, (random) => ({ type: "goBack", back: random.integer(0, 3) })),
  choice(5, null, (random, { desired }) => ({ type: "scale", desired: random.integer(1, desired + 3) })),
  choice(0.2, null, () => ({ type: "announceStop" })),
  choice(0.4, null, (random) => ({ type: "stop", now: random.chance(0.3) })),
  choice(2, "changedFiles", (random, config, faults) => ({
    type: "edit",
    behaviour: drawBehaviour(random, config, faults),
  })),
  choice(4, "kill", (random) => ({ type: "kill", victim: victim(random) })),
  choice(3, "crash", (random) => ({ type: "crash", victim: victim(random) })),
  choice(3, "terminate", (random) => ({ type: "terminate", victim: victim(random) })),
  choice(2, "slowKill", (random) => ({ type: "slowKill", victim: victim(random) })),
  choice(4, "freeze", (random, { heartbeatTimeoutMs }) => ({
    type: "freeze",
    victim: victim(random),
    forMs: random.chance(0.3)
      ? Number.POSITIVE_INFINITY
      : random.durationMs(0, heartbeatTimeoutMs * 2 + 3_000),
  })),
  choice(4, "mismatch", (random) => ({
    type: "mismatch",
    kind: random.pick(["generation", "generation", "worker", "entry"]),
  })),
  choice(2, "lostMessage", (random) => drawWireFault(random, "lose")),
  choice(2, "duplicatedMessage", (random) => drawWireFault(random, "duplicate")),
  choice(2, "reorderedMessage", (random) => drawWireFault(random, "swap")),
  choice(2, "delayedMessages", (random) => ({
    type: "delay",
    victim: victim(random),
    delayMs: random.durationMs(1, 3_000),
    forMs: shortly(random),
  })),
  choice(2, "lostTail", (random) => ({ type: "lostTail", victim: victim(random) })),
  choice(3, "overtakingExit", (random) => ({
    type: "overtakingExit",
    victim: victim(random),
    delayMs: random.durationMs(0, 400),
  })),
  choice(3, "spawnErrors", (random) => ({
    type: "spawnErrors",
    kind: random.pick(["throws", "fails"]),
    forMs: shortly(random),
  })),
  choice(1, "resolveErrors", (random) => ({ type: "resolveErrors", forMs: shortly(random) })),
  choice(1, "slowResolve", (random) => ({
    type: "slowResolve",
    delayMs: random.durationMs(100, 20_000),
    forMs: shortly(random),
  })),
  choice(1, "hangingResolve", (random) => ({
    type: "slowResolve",
    delayMs: Number.POSITIVE_INFINITY,
    forMs: shortly(random),
  })),
  choice(3, "stall", (random) => ({ type: "stall", forMs: random.durationMs(1, 40_000) })),
  choice(2, "hostPause", (random) => ({ type: "hostPause", forMs: random.durationMs(1, 90_000) })),
];

/** How workers come to be cannot change. */
function drawTemplateOf({ template }: MachineConfig, random: Random): MachineConfig["template"] {
  return template === null ? null : drawTemplate(random);
}

function drawWireFault(random: Random, kind: "lose" | "duplicate" | "swap"): Action {
  const to = random.chance(0.7) ? "supervisor" : "worker";
  return { type: "wire", victim: victim(random), kind, to };
}
