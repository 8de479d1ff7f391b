// Makes a failing schedule small: leaves out halves, then quarters, down to single entries, for as long as the same
// invariant is still broken. What remains is usually the two or three things that matter.

import type { ScheduledAction } from "./actions.ts";

/** Each try is a whole run; this many take seconds. */
const TRIES_MAX = 200;

export async function shrink(
  schedule: readonly ScheduledAction[],
  isStillBroken: (schedule: readonly ScheduledAction[]) => Promise<boolean>,
): Promise<readonly ScheduledAction[]> {
  let smallest = schedule;
  let tries = 0;
  for (let size = Math.ceil(schedule.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < smallest.length && tries < TRIES_MAX; ) {
      tries += 1;
      const candidate = [...smallest.slice(0, from), ...smallest.slice(from + size)];
      if (await isStillBroken(candidate)) smallest = candidate;
      else from += size;
    }
  }
  return smallest;
}
