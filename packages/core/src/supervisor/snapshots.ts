// What the supervisor shows of the machine, also after a defect, and what it takes as a release.

import { attempt } from "../link/plain-copy.ts";
import type { ResolvedRelease } from "../machine/events.ts";
import type { Machine } from "../machine/machine.ts";
import type { WorkerId } from "../machine/names.ts";
import type { MachineSnapshot } from "../machine/snapshot.ts";

export interface SupervisorSnapshot extends Omit<MachineSnapshot, "state"> {
  /** "failed": after BROOD_BUG. */
  readonly state: MachineSnapshot["state"] | "failed";
}

/** Nothing is known any more of what the machine cannot tell. */
const UNKNOWN: MachineSnapshot = {
  state: "stopped",
  generation: 1,
  release: null,
  generations: [],
  desired: 0,
  ready: 0,
  roll: null,
  lastRoll: null,
  template: null,
  workers: [],
  counters: {
    spawned: 0,
    exited: 0,
    crashed: 0,
    killed: 0,
    mismatched: 0,
    staleEvents: 0,
    fallbacks: 0,
    moved: 0,
  },
};

/** After a defect: nobody serves, and whoever still has a handle is being killed. */
export function failedSnapshot(
  machine: Machine,
  nowMs: number,
  isAlive: (worker: WorkerId) => boolean,
): SupervisorSnapshot {
  const last = attempt(() => machine.snapshot(nowMs), UNKNOWN);
  const workers = last.workers
    .filter(({ worker }) => isAlive(worker))
    .map((worker) => ({ ...worker, state: "killing" as const }));
  return { ...last, state: "failed", ready: 0, roll: null, template: null, workers };
}

/** A resolver may be somebody else's, and give anything. */
export function isPinnedRelease(resolved: ResolvedRelease): boolean {
  const release: unknown = attempt(() => resolved.release, null);
  if (typeof release !== "object" || release === null) return false;
  return ["entry", "folder", "fingerprint"].every((name) => typeof Reflect.get(release, name) === "string");
}
