// A task's time: it counts from when it is sent to a worker, so a task that its worker cannot read, or that a stuck one never
// begins, has an end too. One that has not begun is taken back; one that runs is stopped.

import type { Clock } from "../ports/clock.ts";
import type { Ledger } from "./ledger.ts";
import type { PoolTask } from "./pool-task.ts";
import { taskTimeout } from "./task-errors.ts";
import type { TaskStop } from "./task-stop.ts";
import { type Member, siteOf } from "./task-team.ts";

export class TimeLimits {
  readonly #clock: Clock;
  readonly #ledger: Ledger;
  readonly #stop: TaskStop;

  constructor(clock: Clock, ledger: Ledger, stop: TaskStop) {
    this.#clock = clock;
    this.#ledger = ledger;
    this.#stop = stop;
  }

  /** It was sent to that worker. */
  begin(member: Member, task: PoolTask): void {
    const { timeoutMs } = task.request;
    if (timeoutMs === null || task.state === "settled") return;
    task.cancelTimer = this.#clock.after(timeoutMs, () => this.#timeUp(member, task, timeoutMs));
  }

  #timeUp(member: Member, task: PoolTask, timeoutMs: number): void {
    const error = taskTimeout(siteOf(member), task.name, timeoutMs);
    if (this.#ledger.fail(task, error)) this.#stop.takeBack(member, task, error);
  }
}
