// What may go wrong. A run draws a subset (swarm testing): with every fault on at once, most runs look alike and the
// faults hide each other; with some off, each of them also appears alone.

import type { Random } from "./random.ts";

const KINDS = [
  // a release
  "bootThrows",
  "bootExits",
  "bootHangs",
  "openFails",
  "crashesWhenReady",
  "freezesWhenReady",
  "leavesWhenReady",
  "neverDrains",
  "slowBoots",
  "templateUnsafe",
  "templateCrashesWhenReady",
  "templateFreezesWhenReady",
  "forksCrash",
  "forksHang",
  "forkKillsTemplate",
  "answersBadly",
  "flaky",
  "changedFiles",
  // a worker
  "kill",
  "crash",
  "terminate",
  "freeze",
  "mismatch",
  "slowKill",
  // its link
  "lostMessage",
  "duplicatedMessage",
  "reorderedMessage",
  "delayedMessages",
  "lostTail",
  "overtakingExit",
  // a template, and its link
  "templateKill",
  "slowTemplateKill",
  "templateDiesAtFork",
  "templateFreeze",
  "templateDamage",
  "templateMismatch",
  "templateSpawnErrors",
  "forkErrors",
  "templateLostMessage",
  "templateDuplicatedMessage",
  "templateReorderedMessage",
  "templateDelayedMessages",
  "templateLostTail",
  "templateOvertakingExit",
  // the host
  "spawnErrors",
  "resolveErrors",
  "slowResolve",
  "hangingResolve",
  "stall",
  "hostPause",
] as const;

export type FaultKind = (typeof KINDS)[number];
export type Faults = ReadonlySet<FaultKind>;

export interface FaultChoice {
  all(): Faults;
  none(): Faults;
  only(...kinds: readonly FaultKind[]): Faults;
  without(...kinds: readonly FaultKind[]): Faults;
}

/** Chooses what may go wrong in a simulation. */
export const faults: FaultChoice = {
  all: () => new Set(KINDS),
  none: () => new Set(),
  only: (...kinds) => new Set(kinds),
  without: (...kinds) => new Set(KINDS.filter((kind) => !kinds.includes(kind))),
};

/** The faults of one run: each that is allowed with the run's own probability, so that calm and wild runs both occur. */
export function drawFaults(random: Random, allowed: Faults): Faults {
  const probability = random.pick([0.15, 0.4, 0.7, 1]);
  return new Set([...allowed].filter(() => random.chance(probability)));
}
