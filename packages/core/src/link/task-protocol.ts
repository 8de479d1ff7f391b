// The data plane between a pool and one task worker: arrays, many tasks or results in one, beside the frames of the
// control plane on the same ordered channel (so a Drain stands behind the tasks that were sent before it). An array is
// never a frame. No object for each task, which would cost a structured clone, most of a short task; tasks travel in columns,
// since V8 writes and reads arrays of small integers faster than mixed ones.
// Rule: `seq` is a task's number on this one link, from 1 and rising; tasks begin in that order.

/** To the worker: `[RUN, seq, names, values, flags]`, tasks of consecutive numbers from `seq` on, each with its place in three
 *  columns. `names` may stand for all of them: a string, or null for the default one; so null within it. */
export const RUN = 0;
/** `[ABORT, seq]` */
export const ABORT = 1;
/** To a forked worker, first: `[JOURNAL, path]`, the memory or file in which it notes what it begins. */
export const JOURNAL = 2;
/** `[RUN_ONE, seq, name, value, flags]`: a task alone, without columns of one. */
export const RUN_ONE = 3;

/** A flag of a task: what was done before it must have been told before it begins (its own clock starts then). */
export const TELL_FIRST = 1;
/** A flag of a task: what it carries was transferred, so it cannot be given back. */
export const ONE_WAY = 2;
/** Above the flags stands the task's cell. */
export const CELL_SHIFT = 4;

/** From the worker: `[seq, status, value, durationUs, seq, …]`, durations in whole microseconds. */
export const RESULT_STRIDE = 4;
export const DONE = 0;
/** The value is a WireThrown. */
export const THREW = 1;
/** It never began, and never will. */
export const RETURNED = 2;
/** The result cannot be sent; the value says why. */
export const NOT_CLONEABLE = 3;
/** The task file has no function of that name; the value lists those it has. */
export const NO_SUCH_TASK = 4;

export type TaskMessage = readonly unknown[];

/** The answers of a message, one after the other. */
export function eachAnswer(
  message: TaskMessage,
  take: (seq: number, status: number, value: unknown, durationUs: number) => void,
): void {
  for (let at = 0; at < message.length; at += RESULT_STRIDE) {
    take(message[at] as number, message[at + 1] as number, message[at + 2], message[at + 3] as number);
  }
}

export function isTaskMessage(value: unknown): value is TaskMessage {
  return Array.isArray(value);
}

/** What a task worker must know beside its boot order. Sent once. */
export interface TaskOrder {
  readonly concurrency: number;
  /** The export that runs when a task names none. */
  readonly defaultName: string;
  readonly workerData: unknown;
  /** Tell with an extra heartbeat each time so many tasks more are done; null: only when one is due. */
  readonly beatEachTasks: number | null;
}
