// What a worker's answer means for whoever waits for the task, when it is no result.

import { NO_SUCH_TASK, NOT_CLONEABLE } from "../link/task-protocol.ts";
import { decodeThrown, type WireThrown } from "../link/thrown.ts";
import type { Outcome } from "./pool-task.ts";
import { type ErrorSite, markSite, noSuchTask, notCloneable } from "./task-errors.ts";

export function outcomeOf(name: string, status: number, value: unknown, site: ErrorSite): Outcome {
  switch (status) {
    case NOT_CLONEABLE:
      return { isDone: false, error: notCloneable("result", name, value) };
    case NO_SUCH_TASK:
      return { isDone: false, error: noSuchTask(name, value as readonly string[]) };
    default:
      return { isDone: false, error: markSite(decodeThrown(value as WireThrown), site) };
  }
}
