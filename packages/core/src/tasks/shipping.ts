// Tasks on their way: how they are packed into one message, and what becomes of those whose worker is no more.

import { CELL_SHIFT, ONE_WAY, RUN, RUN_ONE, type TaskMessage, TELL_FIRST } from "../link/task-protocol.ts";
import type { TaskLink } from "../ports/task-link.ts";
import type { PoolTask } from "./pool-task.ts";
import type { WorkerLoad } from "./worker-load.ts";

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
    first.message = seq;
    first.wentAlone = true;
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
    job.message = first.seq;
    job.wentAlone = false;
    if (job.isOneWay) transfer.push(...job.request.transfer);
    if (job.request !== first.request && job.name !== first.name) isOfOneName = false;
    link.offer(job);
  }
  const names = isOfOneName ? nameOf(first) : jobs.map(nameOf);
  return { message: [RUN, first.seq, names, values, flags], transfer };
}

function flagsOf({ cell, isOneWay, isPinned, request }: PoolTask): number {
  const staysThere = isOneWay || isPinned ? ONE_WAY : 0;
  return (request.timeoutMs === null ? 0 : TELL_FIRST) | staysThere | (cell << CELL_SHIFT);
}

/** What becomes of tasks whose worker has ended. */
export interface Orphans {
  readonly back: readonly PoolTask[];
  readonly lost: readonly PoolTask[];
}

/** What had not begun goes back to the queue, and so does what may run again; the rest is lost with the worker. What it
 *  carried by transfer is gone as well, so such a task cannot be sent again.
 *  A worker that ends while it could begin one more task was reading the first that had not begun (one too large for its heap,
 *  say): the tasks of that message come under suspicion. They are sent again, each in a message of its own, and one that this
 *  happens to a second time is lost. Else it would end one worker after the other. */
export function orphansOf(load: WorkerLoad, link: TaskLink): Orphans {
  const back: PoolTask[] = [];
  const lost: PoolTask[] = [];
  const unbegun: PoolTask[] = [];
  let running = 0;
  for (const task of load.outstanding.values() as Iterable<PoolTask>) {
    if (link.hasBegun(task) === false) unbegun.push(task);
    else {
      running += 1;
      if (task.state === "settled") continue;
      if (task.isOneWay || task.isPinned || task.retriesLeft === 0) lost.push(task);
      else {
        task.retriesLeft -= 1;
        back.push(task);
      }
    }
  }
  const suspect = running < load.concurrency ? unbegun[0]?.message : undefined;
  for (const task of unbegun) {
    if (task.state === "settled") continue;
    if (task.message === suspect) task.suspicions += 1;
    if (task.isOneWay || task.isPinned || (task.message === suspect && task.suspicions > 1)) lost.push(task);
    else back.push(task);
  }
  return { back, lost };
}
