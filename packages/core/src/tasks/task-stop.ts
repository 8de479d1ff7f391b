// Stopping a task that runs: its signal aborts, and it has `abortGraceMs` to end. If it has not, its worker is replaced. The
// caller has its answer since the abort; the worker's other tasks go back to the queue or are told of its end.

import { PoolError } from "../errors.ts";
import { ABORT } from "../link/task-protocol.ts";
import type { WorkerId } from "../machine/names.ts";
import type { PoolTask } from "./pool-task.ts";
import type { Member, PlanePorts } from "./task-team.ts";

export class TaskStop {
  readonly #members: ReadonlyMap<WorkerId, Member>;
  readonly #graceMs: number;
  readonly #ports: PlanePorts;

  constructor(members: ReadonlyMap<WorkerId, Member>, graceMs: number, ports: PlanePorts) {
    this.#members = members;
    this.#graceMs = graceMs;
    this.#ports = ports;
  }

  /** Takes a task that has its outcome back from its worker, or stops it there.
   *  @param why null: the caller aborted it. */
  takeBack(member: Member, task: PoolTask, why: PoolError | null): void {
    const { load, link } = member;
    if (load === null) return;
    if (!load.isRunning(task) && link.revoke(task)) load.remove(task.seq);
    else this.#stop(member, task, why);
  }

  #stop(member: Member, task: PoolTask, why: PoolError | null): void {
    member.link.send([ABORT, task.seq], []);
    this.#watch(member, task, why);
  }

  #watch(member: Member, task: PoolTask, why: PoolError | null): void {
    this.#ports.clock.after(this.#graceMs, () => {
      const { load, order } = member;
      const isOver = load?.outstanding.get(task.seq) !== task || this.#members.get(order.worker) !== member;
      if (isOver) return;
      // Behind others its turn had not come: they may take their time.
      if (!load.isRunning(task)) return this.#watch(member, task, why);
      this.#ports.expel(order.worker, why ?? this.#didNotEnd(task));
    });
  }

  #didNotEnd(task: PoolTask): PoolError {
    const message = `task ${task.name} did not end within ${this.#graceMs} ms (abortGraceMs) after it was aborted.`;
    return new PoolError("BROOD_TASK_ABORTED", message, { details: { name: task.name } });
  }
}
