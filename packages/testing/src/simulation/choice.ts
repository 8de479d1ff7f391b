// One thing that may be drawn into a schedule, and how likely it is beside the others.

import type { MachineConfig } from "@brood/core/engine";
import type { Action } from "./actions.ts";
import type { FaultKind, Faults } from "./faults.ts";
import type { Random } from "./random.ts";

export interface Choice {
  readonly weight: number;
  /** Drawn only where this may happen; null: always. */
  readonly fault: FaultKind | null;
  draw(random: Random, config: MachineConfig, faults: Faults): Action;
}

export function choice(weight: number, fault: FaultKind | null, draw: Choice["draw"]): Choice {
  return { weight, fault, draw };
}

/** Counts through those who live. */
export const victim = (random: Random): number => random.integer(0, 1_000);

export const shortly = (random: Random): number => random.durationMs(10, 5_000);

export function drawChoice(random: Random, choices: readonly Choice[]): Choice {
  let left = random.next() * choices.reduce((sum, { weight }) => sum + weight, 0);
  for (const each of choices) {
    left -= each.weight;
    if (left < 0) return each;
  }
  return random.pick(choices);
}
