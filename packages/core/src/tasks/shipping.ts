// Tasks on their way: how they are packed into one message, and what becomes of those whose worker is no more.

import { CELL_SHIFT, ONE_WAY, RUN, type TaskMessage, TELL_FIRST } from "../link/task-protocol.ts";
import type { TaskLink } from "../ports/task-link.ts";
import type { PoolTask } from "./pool-task.ts";

export interface Packed {
  readonly message: TaskMessage;
  readonly transfer: readonly unknown[];
}

/** One message for all of them; each is marked as offered. */
export function packed(jobs: readonly PoolTask[], link: TaskLink, defaultName: string): Packed {
  const message: unknown[] = [RUN];
  const transfer: unknown[] = [];
  for (const job of jobs) {
    const { seq, cell, value, request } = job;
    const isOneWay = request.transfer.length > 0;
    const flags = (request.timeoutMs === null ? 0 : TELL_FIRST) | (isOneWay ? ONE_WAY : 0);
    message.push(
      seq,
      request.name === defaultName ? null : request.name,
      value,
      flags | (cell << CELL_SHIFT),
    );
    if (isOneWay) transfer.push(...request.transfer);
    link.offer(job);
  }
  return { message, transfer };
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
