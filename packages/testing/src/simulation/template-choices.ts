// What may be drawn for the templates of a run that has them.

import { type Choice, choice, shortly, victim } from "./choice.ts";
import type { Random } from "./random.ts";
import type { TemplateAction } from "./template-actions.ts";

export const TEMPLATE_CHOICES: readonly Choice[] = [
  choice(4, "templateKill", (random) => ({ type: "templateKill", victim: victim(random) })),
  choice(1, "slowTemplateKill", (random) => ({ type: "slowTemplateKill", victim: victim(random) })),
  choice(3, "templateDiesAtFork", (random) => ({
    type: "templateDiesAtFork",
    victim: victim(random),
    when: random.pick(["read", "forked"]),
  })),
  choice(3, "templateFreeze", (random, { heartbeatTimeoutMs }) => ({
    type: "templateFreeze",
    victim: victim(random),
    forMs: random.chance(0.3)
      ? Number.POSITIVE_INFINITY
      : random.durationMs(0, heartbeatTimeoutMs * 2 + 3_000),
  })),
  choice(2, "templateDamage", (random) => ({
    type: "templateDamage",
    victim: victim(random),
    damage: random.pick(["crash", "hang", "crashLater"]),
  })),
  choice(2, "templateMismatch", (random) => ({
    type: "templateMismatch",
    kind: random.pick(["generation", "generation", "worker", "entry"]),
  })),
  choice(2, "templateSpawnErrors", (random) => ({
    type: "templateSpawnErrors",
    kind: random.pick(["throws", "fails"]),
    forMs: shortly(random),
  })),
  choice(2, "forkErrors", (random) => ({ type: "forkErrors", forMs: shortly(random) })),
  choice(1, "templateLostMessage", (random) => drawWireFault(random, "lose")),
  choice(1, "templateDuplicatedMessage", (random) => drawWireFault(random, "duplicate")),
  choice(1, "templateReorderedMessage", (random) => drawWireFault(random, "swap")),
  choice(2, "templateDelayedMessages", (random) => ({
    type: "templateDelay",
    victim: victim(random),
    delayMs: random.durationMs(1, 3_000),
    forMs: shortly(random),
  })),
  choice(1, "templateLostTail", (random) => ({ type: "templateLostTail", victim: victim(random) })),
  choice(2, "templateOvertakingExit", (random) => ({
    type: "templateOvertakingExit",
    victim: victim(random),
    delayMs: random.durationMs(0, 400),
  })),
];

function drawWireFault(random: Random, kind: "lose" | "duplicate" | "swap"): TemplateAction {
  const to = random.chance(0.7) ? "supervisor" : "template";
  return { type: "templateWire", victim: victim(random), kind, to };
}
