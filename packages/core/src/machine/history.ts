// What the service can go back to: the releases of generations that completed, as they were pinned, newest last. A roll
// "to generation 3" takes that very release (not whatever lies under its path now) and gets a number of its own.
// Bounded: nobody goes back further, and an old release's files are gone by then anyway.

import type { MachineConfig } from "./config.ts";
import type { Generation, Release } from "./names.ts";
import type { World } from "./world.ts";

/** Enough for a day of deploys that all go wrong. */
const GENERATIONS_MAX = 16;

/** What a generation runs, and the settings that its workers live by. */
export interface PinnedGeneration {
  readonly release: Release;
  readonly config: MachineConfig;
}

export interface PastGeneration extends PinnedGeneration {
  readonly generation: Generation;
  /** The path as it was asked for; a later restart without one resolves it anew. */
  readonly entry: string;
}

/** Takes down the generation that has just completed. */
export function recordGeneration(world: World, generation: Generation, entry: string): void {
  const pinned = world.pinned.get(generation);
  if (pinned === undefined) return;
  world.history.push({ generation, entry, ...pinned });
  if (world.history.length > GENERATIONS_MAX) world.history.shift();
}

export function pastGeneration(world: World, generation: Generation): PastGeneration | null {
  return world.history.find((past) => past.generation === generation) ?? null;
}
