// Tasks on their way to a worker: one message for all that a plan gives it. What cannot be cloned is refused alone, and what
// the link does not take now goes back to the queue.

import type { Shipment } from "./dispatcher.ts";
import type { PoolTask } from "./pool-task.ts";
import { packed } from "./shipping.ts";
import { notCloneable } from "./task-errors.ts";
import type { Member } from "./task-team.ts";

export interface SenderPorts {
  /** They were sent. */
  sent(member: Member, jobs: readonly PoolTask[]): void;
  /** They were not, and wait again, in their old order; nobody makes a plan for them. */
  requeue(jobs: readonly PoolTask[]): void;
  plan(): void;
  refuse(task: PoolTask, error: Error): void;
}

export class TaskSender {
  readonly #defaultName: string;
  readonly #ports: SenderPorts;

  /** @param defaultName tasks of this name are sent without it */
  constructor(defaultName: string, ports: SenderPorts) {
    this.#defaultName = defaultName;
    this.#ports = ports;
  }

  send(member: Member, { load, jobs }: Shipment<PoolTask>): void {
    const { message, transfer } = packed(jobs, member.link, this.#defaultName);
    try {
      if (!member.link.send(message, transfer)) return this.#sendLater({ load, jobs });
    } catch (cause) {
      return this.#sendEach(member, { load, jobs }, cause);
    }
    this.#ports.sent(member, jobs);
  }

  /** The link is full of what the worker has not read: its answers make a new plan. With nothing there it is at its end. */
  #sendLater({ load, jobs }: Shipment<PoolTask>): void {
    for (const job of jobs) load.remove(job.seq);
    this.#ports.requeue(jobs);
    if (load.outstanding.size > 0) return load.linkIsFull();
    load.isOpen = false;
    this.#ports.plan();
  }

  /** One of them cannot be cloned: it is refused, the others go. */
  #sendEach(member: Member, { load, jobs }: Shipment<PoolTask>, cause: unknown): void {
    const [only] = jobs;
    if (jobs.length > 1) {
      for (const job of jobs) this.send(member, { load, jobs: [job] });
    } else if (only !== undefined) {
      load.remove(only.seq);
      this.#ports.refuse(only, notCloneable("task", only.name, cause));
      this.#ports.plan();
    }
  }
}
