// The pool's data plane: takes tasks, sends them where the dispatcher says, settles them by what comes back. Every task that
// was accepted leaves through `settle`, once: with its worker's answer, or because the worker ended, the time was up, the
// caller aborted, or the pool closed. What a dead worker had not begun goes back to the queue; that is no retry.

import { DONE, HOLDS, RETURNED, UNREAD } from "../link/task-protocol.ts";
import type { WorkerId } from "../machine/names.ts";
import type { SpawnOrder } from "../ports/spawn-strategy.ts";
import type { Answers, TaskLink, TaskPlane } from "../ports/task-link.ts";
import { believedUs, outcomeOf } from "./answers.ts";
import { BackPressure } from "./back-pressure.ts";
import type { Dispatcher, Shipment } from "./dispatcher.ts";
import { Ledger } from "./ledger.ts";
import { askWhatIsHeld, settleLost } from "./lost-messages.ts";
import { type PoolTask, wrappedUs } from "./pool-task.ts";
import { orphansOf } from "./shipping.ts";
import { SlowTaskWatch } from "./slow-task-watch.ts";
import * as errors from "./task-errors.ts";
import { TaskSender } from "./task-sender.ts";
import { TaskStop } from "./task-stop.ts";
import { type Member, newMember, type PlaneOptions, type PlanePorts, siteOf } from "./task-team.ts";
import { TimeLimits } from "./time-limits.ts";

export class DataPlane implements TaskPlane {
  readonly dispatcher: Dispatcher<PoolTask>;
  readonly #options: PlaneOptions;
  readonly #ports: PlanePorts;
  readonly #members: Map<WorkerId, Member> = new Map();
  readonly #watch: SlowTaskWatch;
  readonly #sender: TaskSender;
  readonly #stop: TaskStop;
  readonly #limits: TimeLimits;
  readonly #ledger: Ledger;
  readonly pressure: BackPressure;
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
    this.#ledger = new Ledger(ports);
    this.#watch = new SlowTaskWatch(dispatcher, this.#members, ports.clock, options.budgetUs, plan);
    this.#sender = new TaskSender(options.defaultName, {
      sent: (member, jobs) => this.#sent(member, jobs),
      requeue: (jobs) => this.#requeue(jobs),
      plan,
      refuse: (task, error) => void this.#ledger.fail(task, error),
    });
    this.#stop = new TaskStop(this.#members, options.abortGraceMs, ports);
    this.#limits = new TimeLimits(ports.clock, this.#ledger, this.#stop);
    this.pressure = new BackPressure(options.maxQueue, (what) => ports.announce(what));
  }

  get queueSize(): number {
    return this.dispatcher.queue.size;
  }

  get pending(): number {
    return this.#ledger.pending;
  }

  get members(): ReadonlyMap<WorkerId, Member> {
    return this.#members;
  }

  /** Takes a task in. @throws PoolError BROOD_QUEUE_FULL */
  submit(task: PoolTask): void {
    const { queue } = this.dispatcher;
    if (!this.hasRoom) throw errors.queueFull(this.#options.maxQueue);
    queue.push(task);
    this.#ledger.accept();
    this.pressure.filled(queue.size);
    if (this.dispatcher.goesAtOnce(task)) this.#dispatch();
    else this.plan();
  }

  /** Would a task be taken in now? */
  get hasRoom(): boolean {
    const { queue } = this.dispatcher;
    const { maxQueue } = this.#options;
    if (queue.size < maxQueue) return true;
    this.#dispatch();
    return queue.size < maxQueue || (queue.size === maxQueue && this.dispatcher.hasFree);
  }

  /** Takes a task in for this worker, behind what it has. */
  submitTo(member: Member, task: PoolTask): void {
    const { load } = member;
    if (load === null) return;
    this.#ledger.accept();
    load.add(task);
    this.#sender.send(member, { load, jobs: [task] });
  }

  /** The caller has changed its mind. */
  abort(task: PoolTask, reason: unknown): void {
    const { load, state, name } = task;
    if (state === "settled") return;
    const member = load === null ? undefined : this.#members.get(load.worker);
    const site = member === undefined ? null : siteOf(member);
    this.#ledger.fail(task, errors.taskAborted(site, name, reason));
    if (member !== undefined) return this.#stop.takeBack(member, task, null);
    if (state === "queued") this.dispatcher.queue.remove(task);
    this.pressure.emptied(this.queueSize);
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
    const { back, lost } = orphansOf(load, link);
    for (const task of lost) {
      const attempts = 1 + task.request.retries - task.retriesLeft;
      const error = errors.workerExited(siteOf(member), { ...end, isOutOfMemory }, attempts);
      this.#ledger.fail(task, error);
    }
    this.#putBack(back);
  }

  /** Settles everything that has not begun, as far as it can be taken back, or (`all`) everything.
   *  @returns how many */
  refuse(error: Error, all: boolean): number {
    const { queue } = this.dispatcher;
    let count = 0;
    for (const task of queue.drain()) count += Number(this.#ledger.fail(task, error));
    for (const { load, link } of this.#members.values()) {
      for (const task of [...(load?.outstanding.values() ?? [])] as PoolTask[]) {
        const isBack = load?.isRunning(task) === false && link.revoke(task);
        if (isBack) load.remove(task.seq);
        if (isBack || all) count += Number(this.#ledger.fail(task, error));
      }
    }
    this.pressure.emptied(queue.size);
    return count;
  }

  linked(order: SpawnOrder, link: TaskLink): void {
    this.#members.set(order.worker, newMember(order, link));
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
      if (status === UNREAD) return askWhatIsHeld(member);
      if (status === HOLDS)
        return void back.push(...settleLost(member, this.#ledger, seq, value as readonly number[]));
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
    if (this.dispatcher.queue.size === 0)
      this.pressure.relieved(this.dispatcher.sent, this.#ports.capacity());
  }

  unread(worker: WorkerId): void {
    const member = this.#members.get(worker);
    if (member !== undefined) askWhatIsHeld(member);
  }

  posted(worker: WorkerId, message: unknown): void {
    const member = this.#members.get(worker);
    if (member !== undefined) this.#ports.posted(message, member.order);
  }

  unreadable(worker: WorkerId, reason: unknown): void {
    this.#ports.failed(errors.unreadableMessage(worker, reason));
  }

  #rest(member: Member): void {
    member.idleSinceMs = this.#ports.clock.now();
    if (this.#options.isolate) this.#ports.spent(member.order.worker);
    else if (member.load?.isFree) this.#watch.relieve();
  }

  #answer(member: Member, task: PoolTask, status: number, value: unknown, toldUs: number): void {
    const us = believedUs(task, toldUs, this.#ports.clock);
    this.dispatcher.estimates.learn(task.name, us);
    if (this.#options.timings !== null) this.#options.timings.record(task.waitedUs, us);
    this.completed += 1;
    if (task.state === "settled") this.lateAnswers += 1;
    else if (status === DONE) this.#ledger.settle(task, { isDone: true, value });
    else this.#ledger.settle(task, outcomeOf(task.name, status, value, siteOf(member)));
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
    this.pressure.emptied(this.dispatcher.queue.size);
    this.pressure.occupied(this.dispatcher.sent, this.#ports.capacity());
  }

  #send(shipment: Shipment<PoolTask>): void {
    const member = this.#members.get(shipment.load.worker);
    if (member === undefined) this.#putBack(shipment.jobs);
    else this.#sender.send(member, shipment);
  }

  #sent(member: Member, jobs: readonly PoolTask[]): void {
    for (const task of jobs) this.#limits.begin(member, task);
    if (this.#options.isolate && member.load !== null) member.load.isOpen = false;
    this.#begin(member);
  }

  /** Notes whose turn has come on that worker. */
  #begin(member: Member): void {
    const { load } = member;
    if (load === null) return;
    const nowUs = wrappedUs(this.#ports.clock.now());
    for (let job = load.begin(); job !== undefined; job = load.begin()) {
      (job as PoolTask).beganUs = nowUs;
    }
  }

  #putBack(tasks: readonly PoolTask[]): void {
    this.#requeue(tasks);
    if (tasks.length > 0) this.plan();
  }

  /** In their old order, in front of the others. */
  #requeue(tasks: readonly PoolTask[]): void {
    for (const task of tasks.toReversed()) {
      if (task.isPinned) {
        this.#ledger.fail(task, errors.workerLeaves(task.name));
        continue;
      }
      task.comeBack();
      this.dispatcher.queue.putBack(task);
    }
  }
}
