// What the pool owes: tasks that were accepted and have no outcome yet. Every one of them leaves here, once.

import type { Outcome, PoolTask } from "./pool-task.ts";

export interface LedgerPorts {
  /** Whether somebody waits for a task: then the host must not end. */
  keepAlive(isWanted: boolean): void;
  /** Nothing is pending any more. */
  empty(): void;
}

export class Ledger {
  readonly #ports: LedgerPorts;
  pending = 0;

  constructor(ports: LedgerPorts) {
    this.#ports = ports;
  }

  accept(): void {
    this.pending += 1;
    if (this.pending === 1) this.#ports.keepAlive(true);
  }

  /** False when it had its outcome already. */
  settle(task: PoolTask, outcome: Outcome): boolean {
    if (!task.settle(outcome)) return false;
    this.pending -= 1;
    if (this.pending === 0) {
      this.#ports.keepAlive(false);
      this.#ports.empty();
    }
    return true;
  }

  fail(task: PoolTask, error: unknown): boolean {
    return this.settle(task, { isDone: false, error });
  }
}
