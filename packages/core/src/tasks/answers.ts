// What a worker's answer means for whoever waits for the task, when it is no result.

import { attempt } from "../link/plain-copy.ts";
import { NO_SUCH_TASK, NOT_CLONEABLE, UNREADABLE } from "../link/task-protocol.ts";
import { decodeThrown, type WireThrown } from "../link/thrown.ts";
import type { Clock } from "../ports/clock.ts";
import { type Outcome, type PoolTask, wrappedUs } from "./pool-task.ts";
import { type ErrorSite, markSite, noSuchTask, notCloneable } from "./task-errors.ts";

export function outcomeOf(name: string, status: number, value: unknown, site: ErrorSite): Outcome {
  switch (status) {
    case NOT_CLONEABLE:
      return { isDone: false, error: notCloneable("result", name, value) };
    case UNREADABLE:
      return { isDone: false, error: notCloneable("task", name, value) };
    case NO_SUCH_TASK:
      return { isDone: false, error: noSuchTask(name, namesIn(value)) };
    default:
      return {
        isDone: false,
        error: markSite(
          attempt(() => decodeThrown(value as WireThrown), value),
          site,
        ),
      };
  }
}

/** What a task file exports, as far as it can be read. */
function namesIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

/** A longer time is looked at twice. */
const LONG_US = 1_000_000;

/** How long a task took: no longer than since it was its turn, whatever its worker says. A wrong figure, from a process that has
 *  written over its memory, would hold up all workers: tasks of that name are planned by it. */
export function believedUs(task: PoolTask, us: number, clock: Clock): number {
  if (us >= 0 && us < LONG_US) return us;
  const sinceUs = (wrappedUs(clock.now()) - task.beganUs) | 0;
  // After 35 minutes the clock has come round.
  if (sinceUs < 0) return Number.isFinite(us) ? Math.max(0, us) : 0;
  return us >= 0 ? Math.min(us, sinceUs) : sinceUs;
}
