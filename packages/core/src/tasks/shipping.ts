// Tasks on their way: how they are packed into one message, and what becomes of those whose worker is no more.

import { CELL_SHIFT, ONE_WAY, RUN, RUN_ONE, type TaskMessage, TELL_FIRST } from "../link/task-protocol.ts";
import type { TaskLink } from "../ports/task-link.ts";
import type { PoolTask } from "./pool-task.ts";

export interface Packed {
  readonly message: TaskMessage;
  readonly transfer: readonly unknown[];
}

/** One message for all of them, which one plan has given to one worker: their numbers are consecutive. Each is marked as
 *  offered. */
export function packed(jobs: readonly PoolTask[], link: TaskLink, defaultName: string): Packed {
  const [first] = jobs;
  if (first === undefined) throw new Error("nothing to send");
  const nameOf = ({ name }: PoolTask): string | null => (name === defaultName ? null : name);
  if (jobs.length === 1) {
    const { seq, value, request } = first;
    link.offer(first);
    return { message: [RUN_ONE, seq, nameOf(first), value, flagsOf(first)], transfer: request.transfer };
  }
  // Pushed one by one: what `map` makes may have holes to V8, and such an array takes twice as long to be sent.
  const values: unknown[] = [];
  const flags: number[] = [];
  const transfer: unknown[] = [];
  let isOfOneName = true;
  for (const job of jobs) {
    values.push(job.value);
    flags.push(flagsOf(job));
    if (job.isAlone) transfer.push(...job.request.transfer);
    if (job.request !== first.request && job.name !== first.name) isOfOneName = false;
    link.offer(job);
  }
  const names = isOfOneName ? nameOf(first) : jobs.map(nameOf);
  return { message: [RUN, first.seq, names, values, flags], transfer };
}

function flagsOf({ cell, isAlone, request }: PoolTask): number {
  return (request.timeoutMs === null ? 0 : TELL_FIRST) | (isAlone ? ONE_WAY : 0) | (cell << CELL_SHIFT);
}

/** What had not begun goes back to the queue, and so does what may run again; the rest is lost with the worker. What it
 *  carried by transfer is gone as well, so such a task cannot be sent again. */
export function orphansOf(
  tasks: Iterable<PoolTask>,
  link: TaskLink,
): { readonly back: readonly PoolTask[]; readonly lost: readonly PoolTask[] } {
  const back: PoolTask[] = [];
  const lost: PoolTask[] = [];
  for (const task of tasks) {
    if (task.state === "settled") continue;
    const neverBegan = link.hasBegun(task) === false;
    if (task.isAlone || (!neverBegan && task.retriesLeft === 0)) lost.push(task);
    else {
      if (!neverBegan) task.retriesLeft -= 1;
      back.push(task);
    }
  }
  return { back, lost };
}
