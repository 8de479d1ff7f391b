// The pool's data plane: takes tasks, sends them where the dispatcher says, settles them by what comes back. Every task that
// was accepted leaves through `settle`, once: with its worker's answer, or because the worker ended, the time was up, the
// caller aborted, or the pool closed. What a dead worker had not begun goes back to the queue; that is no retry.

import { DONE, RETURNED } from "../link/task-protocol.ts";
import type { WorkerId } from "../machine/names.ts";
import type { SpawnOrder } from "../ports/spawn-strategy.ts";
import type { Answers, TaskLink, TaskPlane } from "../ports/task-link.ts";
import { outcomeOf } from "./answers.ts";
import { BackPressure } from "./back-pressure.ts";
import type { Dispatcher, Shipment } from "./dispatcher.ts";
import { type PoolTask, wrappedUs } from "./pool-task.ts";
import { orphansOf } from "./shipping.ts";
import { SlowTaskWatch } from "./slow-task-watch.ts";
import * as errors from "./task-errors.ts";
import { TaskSender } from "./task-sender.ts";
import { TaskStop } from "./task-stop.ts";
import { type Member, type PlaneOptions, type PlanePorts, siteOf } from "./task-team.ts";

export class DataPlane implements TaskPlane {
  readonly dispatcher: Dispatcher<PoolTask>;
  readonly #options: PlaneOptions;
  readonly #ports: PlanePorts;
  readonly #members: Map<WorkerId, Member> = new Map();
  readonly #watch: SlowTaskWatch;
  readonly #sender: TaskSender;
  readonly #stop: TaskStop;
  readonly #pressure: BackPressure;
  /** Accepted and not settled. */
  #pending = 0;
  #isPlanned = false;
  #isSending = false;
  completed = 0;
  /** Answers to tasks that had their outcome already, or were never sent: dropped. */
  lateAnswers = 0;

  constructor(dispatcher: Dispatcher<PoolTask>, options: PlaneOptions, ports: PlanePorts) {
    this.dispatcher = dispatcher;
    this.#options = options;
    this.#ports = ports;
    const plan = (): void => this.plan();
    this.#watch = new SlowTaskWatch(dispatcher, this.#members, ports.clock, options.budgetUs, plan);
    this.#sender = new TaskSender(options.defaultName, {
      sent: (member) => this.#sent(member),
      requeue: (jobs) => this.#requeue(jobs),
      plan,
      refuse: (task, error) => void this.#settle(task, { isDone: false, error }),
    });
    this.#stop = new TaskStop(this.#members, options.abortGraceMs, ports);
    this.#pressure = new BackPressure(options.maxQueue, (what) => ports.announce(what));
  }

  get queueSize(): number {
    return this.dispatcher.queue.size;
  }

  get pending(): number {
    return this.#pending;
  }

  get needsDrain(): boolean {
    return this.#pressure.isOn;
  }

  get sent(): number {
    let count = 0;
    for (const load of this.dispatcher.loads.values()) count += load.outstanding.size;
    return count;
  }

  get members(): ReadonlyMap<WorkerId, Member> {
    return this.#members;
  }

  /** Takes a task in. @throws PoolError BROOD_QUEUE_FULL */
  submit(task: PoolTask): void {
    const { queue } = this.dispatcher;
    const { maxQueue } = this.#options;
    if (queue.size >= maxQueue) {
      this.#dispatch();
      if (queue.size > maxQueue || (queue.size === maxQueue && !this.dispatcher.hasFree))
        throw errors.queueFull(maxQueue);
    }
    this.#pending += 1;
    if (this.#pending === 1) this.#ports.keepAlive(true);
    queue.push(task);
    this.#pressure.filled(queue.size);
    if (this.dispatcher.goesAtOnce(task)) this.#dispatch();
    else this.plan();
  }

  /** The caller has changed its mind. */
  abort(task: PoolTask, reason: unknown): void {
    const { load } = task;
    if (task.state === "settled") return;
    if (task.state === "queued") {
      this.#settle(task, { isDone: false, error: errors.taskAborted(null, task.name, reason) });
      this.dispatcher.queue.remove(task);
      return this.#pressure.emptied(this.dispatcher.queue.size);
    }
    const member = load === null ? undefined : this.#members.get(load.worker);
    if (load === null || member === undefined) return;
    const hasBegun = load.isRunning(task) || !member.link.revoke(task);
    this.#settle(task, { isDone: false, error: errors.taskAborted(siteOf(member), task.name, reason) });
    if (hasBegun) this.#stop.stop(member, task, null);
    else load.remove(task.seq);
  }

  /** Makes a plan soon: everything that happens until then is part of it. */
  plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#ports.defer(() => {
      this.#isPlanned = false;
      this.#dispatch();
    });
  }

  /** The worker is ready. */
  open(worker: WorkerId, pid: number | null): void {
    const member = this.#members.get(worker);
    if (member === undefined || member.load !== null) return;
    member.pid = pid;
    member.idleSinceMs = this.#ports.clock.now();
    member.load = this.dispatcher.open(worker);
    this.plan();
  }

  /** The worker drains: it gets nothing more, and gives back what it has not begun. */
  close(worker: WorkerId): void {
    const load = this.#members.get(worker)?.load;
    if (load) load.isOpen = false;
  }

  /** The worker is no more. */
  gone(worker: WorkerId, end: errors.WorkerEndReport): void {
    const member = this.#members.get(worker);
    this.#members.delete(worker);
    this.dispatcher.loads.delete(worker);
    if (member === undefined || member.load === null) return;
    const { link, isOutOfMemory, load } = member;
    const { back, lost } = orphansOf(load.outstanding.values() as Iterable<PoolTask>, link);
    for (const task of lost) {
      const attempts = 1 + task.request.retries - task.retriesLeft;
      const error = errors.workerExited(siteOf(member), { ...end, isOutOfMemory }, attempts);
      this.#settle(task, { isDone: false, error });
    }
    this.#putBack(back);
  }

  /** Settles everything that waits, or (`all`) everything. */
  refuse(error: Error, all: boolean): void {
    const { queue } = this.dispatcher;
    for (let task = queue.shift(); task !== undefined; task = queue.shift())
      this.#settle(task, { isDone: false, error });
    for (const { load } of all ? this.#members.values() : []) {
      const outstanding = (load?.outstanding.values() ?? []) as Iterable<PoolTask>;
      for (const task of outstanding) this.#settle(task, { isDone: false, error });
    }
    this.#pressure.emptied(this.dispatcher.queue.size);
  }

  linked(order: SpawnOrder, link: TaskLink): void {
    this.#members.set(order.worker, {
      order,
      link,
      load: null,
      isOutOfMemory: false,
      pid: null,
      idleSinceMs: 0,
    });
  }

  ended(worker: WorkerId, { isOutOfMemory }: { readonly isOutOfMemory: boolean }): void {
    const member = this.#members.get(worker);
    if (member !== undefined) member.isOutOfMemory = isOutOfMemory;
  }

  isBusy(worker: WorkerId): boolean {
    const member = this.#members.get(worker);
    for (const task of member?.load?.outstanding.values() ?? []) {
      if (member?.link.hasBegun(task) !== false) return true;
    }
    return false;
  }

  received(worker: WorkerId, answers: Answers): void {
    const member = this.#members.get(worker);
    const load = member?.load;
    if (member === undefined || !load) return;
    const back: PoolTask[] = [];
    answers.each((seq, status, value, us) => {
      const task = load.remove(seq) as PoolTask | undefined;
      if (task === undefined) {
        // One that was taken back before comes back once more when its worker drains.
        if (status !== RETURNED) this.lateAnswers += 1;
        return;
      }
      load.answered += 1;
      if (status !== RETURNED) this.#answer(member, task, status, value, us);
      else if (task.state !== "settled") back.push(task);
    });
    if (back.length > 0) this.#putBack(back);
    this.#begin(member);
    if (this.dispatcher.wantsMore(load)) this.plan();
    if (load.outstanding.size === 0) this.#rest(member);
  }

  #rest(member: Member): void {
    member.idleSinceMs = this.#ports.clock.now();
    if (this.#options.isolate) this.#ports.spent(member.order.worker);
    else if (member.load?.isFree) this.#watch.relieve();
  }

  #answer(member: Member, task: PoolTask, status: number, value: unknown, us: number): void {
    this.dispatcher.estimates.learn(task.name, us);
    if (this.#options.timings !== null) this.#options.timings.record(task.waitedUs, us);
    this.completed += 1;
    if (task.state === "settled") this.lateAnswers += 1;
    else if (status === DONE) this.#settle(task, { isDone: true, value });
    else this.#settle(task, outcomeOf(task.name, status, value, siteOf(member)));
  }

  #dispatch(): void {
    // Encoding a value may run code of its own, which may submit: a worker's tasks must be sent in their order.
    if (this.#isSending) return this.plan();
    this.#isSending = true;
    try {
      for (const shipment of this.dispatcher.plan()) this.#send(shipment);
    } finally {
      this.#isSending = false;
    }
    if (this.dispatcher.queue.size > 0) this.#ports.backlog();
    this.#watch.arm();
    this.#pressure.emptied(this.dispatcher.queue.size);
  }

  #send(shipment: Shipment<PoolTask>): void {
    const member = this.#members.get(shipment.load.worker);
    if (member === undefined) this.#putBack(shipment.jobs);
    else this.#sender.send(member, shipment);
  }

  #sent(member: Member): void {
    if (this.#options.isolate && member.load !== null) member.load.isOpen = false;
    this.#begin(member);
  }

  /** Notes whose turn has come on that worker. */
  #begin(member: Member): void {
    const { load } = member;
    if (load === null) return;
    const nowUs = wrappedUs(this.#ports.clock.now());
    for (let job = load.begin(); job !== undefined; job = load.begin()) {
      const task = job as PoolTask;
      task.beganUs = nowUs;
      const { timeoutMs } = task.request;
      if (timeoutMs === null || task.state === "settled") continue;
      task.cancelTimer = this.#ports.clock.after(timeoutMs, () => this.#timeUp(member, task, timeoutMs));
    }
  }

  #timeUp(member: Member, task: PoolTask, timeoutMs: number): void {
    const error = errors.taskTimeout(siteOf(member), task.name, timeoutMs);
    if (this.#settle(task, { isDone: false, error })) this.#stop.stop(member, task, error);
  }

  #putBack(tasks: readonly PoolTask[]): void {
    this.#requeue(tasks);
    if (tasks.length > 0) this.plan();
  }

  /** In their old order, in front of the others. */
  #requeue(tasks: readonly PoolTask[]): void {
    for (const task of tasks.toReversed()) {
      task.state = "queued";
      task.load = null;
      task.cancelTimer?.();
      task.cancelTimer = null;
      this.dispatcher.queue.putBack(task);
    }
  }

  #settle(task: PoolTask, outcome: Parameters<PoolTask["settle"]>[0]): boolean {
    if (!task.settle(outcome)) return false;
    this.#pending -= 1;
    if (this.#pending === 0) {
      this.#ports.keepAlive(false);
      this.#ports.empty();
    }
    return true;
  }
}
