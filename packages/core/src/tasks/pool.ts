// The pool: the same supervisor and machine as a service, whose strategy makes task workers, and a data plane over them.
// Announcements of the machine open and close workers for tasks; what the plane notices (nobody free, a worker spent, a task
// that does not stop) goes to the machine as events. All state of workers is in the machine, all state of tasks in the plane.

import type { PoolError } from "../errors.ts";
import type { RollResult } from "../machine/names.ts";
import { objectOption } from "../options.ts";
import type { Clock } from "../ports/clock.ts";
import { deepFreeze, type PublicEvents } from "../supervisor/events.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import type { Waiters } from "../supervisor/waiters.ts";
import { type Moved, movedOf } from "../worker/movable.ts";
import type { DataPlane } from "./data-plane.ts";
import type { KeepAlive } from "./keep-alive.ts";
import { type CheckedPoolOptions, checkBounds, checkFilename } from "./pool-options.ts";
import { PoolTask, type TaskRequest } from "./pool-task.ts";
import type { MapOptions, RunOptions, TaskPoolEvents, TaskPoolStats } from "./pool-types.ts";
import type { PoolWorkers } from "./pool-workers.ts";
import { checkMapOptions, checkRunOptions, checkTimeout } from "./run-options.ts";
import * as errors from "./task-errors.ts";
import { mapTasks } from "./task-map.ts";
import type { PoolHistogram, Timings } from "./timings.ts";

export interface PoolParts {
  readonly supervisor: Supervisor;
  readonly waiters: Waiters;
  readonly plane: DataPlane;
  readonly workers: PoolWorkers;
  readonly events: PublicEvents<TaskPoolEvents>;
  readonly clock: Clock;
  readonly keepAlive: KeepAlive;
  readonly timings: Timings | null;
}

const CLOSE_TIMEOUT_MS = 30_000;
/** For each of maxWorkers: enough for batches, little enough to hold in memory. */
const MAP_AHEAD = 64;

/** One executor for all promises: a function and its scope for each would be a fifth of what a waiting task allocates. */
const nobody = (): void => {};
let lastResolve: (value: unknown) => void = nobody;
function takeResolve(resolve: (value: unknown) => void): void {
  lastResolve = resolve;
}

type EventListenerOf<Name extends keyof TaskPoolEvents> = Parameters<
  PublicEvents<TaskPoolEvents>["emitter"]["on"]
>[1] &
  TaskPoolEvents[Name];

export class Pool {
  readonly #options: CheckedPoolOptions;
  readonly #parts: PoolParts;
  readonly #createdAtMs: number;
  readonly #started: Promise<void>;
  readonly #plain: TaskRequest;
  #requests = 0;
  #taskIds = 0;
  /** Why nothing is taken any more. */
  #refusal: PoolError | null = null;
  #stopped: Promise<void> | null = null;
  #onEmpty: (() => void) | null = null;

  constructor(options: CheckedPoolOptions, parts: PoolParts) {
    this.#options = options;
    this.#parts = parts;
    this.#createdAtMs = parts.clock.now();
    this.#plain = this.#requestOf(null, {});
    const first = parts.waiters.forStart();
    first.catch((error: PoolError) => this.fail(error));
    this.#started = first.then(() => parts.workers.fill());
    this.#started.catch(() => {});
  }

  /** Once, when everything is wired. */
  start(): void {
    this.#parts.supervisor.accept({ type: "StartRequested", entry: this.#options.filename });
  }

  run(value: unknown, options?: RunOptions): Promise<unknown> {
    if (this.#refusal !== null) return Promise.reject(this.#refusal);
    try {
      const moved = movedOf(value);
      const request =
        options === undefined && moved === null ? this.#plain : this.#requestOf(moved, options ?? {});
      const promise = new Promise(takeResolve);
      this.#taskIds += 1;
      const sent = moved === null ? value : moved.value;
      const task = new PoolTask(this.#taskIds, sent, request, this.#parts.clock.now(), lastResolve);
      lastResolve = nobody;
      this.#heed(task);
      this.#parts.plane.submit(task);
      return promise;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  map(
    tasks: Iterable<unknown> | AsyncIterable<unknown>,
    options: MapOptions = {},
  ): AsyncGenerator<unknown, void, undefined> {
    const concurrency = checkMapOptions(options, MAP_AHEAD * this.#parts.workers.bounds.maxWorkers);
    const { concurrency: _, signal, ...rest } = options;
    const start = (task: unknown, both: AbortSignal): Promise<unknown> =>
      this.#runWithRoom(task, { ...rest, signal: both });
    return mapTasks(tasks, { start, concurrency, signal: signal ?? null });
  }

  ready(): Promise<void> {
    return this.#parts.keepAlive.during(this.#started);
  }

  async restart(options: { readonly filename?: string | URL } = {}): Promise<RollResult> {
    objectOption("restart", options, ["filename"]);
    const entry = options.filename === undefined ? null : checkFilename("filename", options.filename);
    const requestId = this.#openRequest("restart");
    const result = this.#parts.waiters.forRoll(requestId);
    this.#parts.supervisor.accept({ type: "RestartRequested", requestId, entry });
    return deepFreeze(await this.#parts.keepAlive.during(result));
  }

  async resize(options: { readonly minWorkers?: number; readonly maxWorkers?: number }): Promise<void> {
    objectOption("resize", options, ["minWorkers", "maxWorkers"]);
    if (this.#refusal !== null) throw this.#refusal;
    const { workers, keepAlive } = this.#parts;
    const { minWorkers, maxWorkers } = { ...workers.bounds, ...options };
    await keepAlive.during(workers.resize(checkBounds(minWorkers, maxWorkers)));
  }

  close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    const timeoutMs = checkTimeout("timeoutMs", options.timeoutMs) ?? CLOSE_TIMEOUT_MS;
    this.#stopped ??= this.#parts.keepAlive.during(this.#close(timeoutMs));
    return this.#stopped;
  }

  destroy(): Promise<void> {
    this.#refusal ??= errors.poolClosed("run()");
    this.#parts.plane.refuse(errors.poolClosed("destroy()"), true);
    const stopping = this.#stop(true);
    this.#stopped ??= this.#parts.keepAlive.during(stopping);
    return this.#stopped;
  }

  stats(): TaskPoolStats {
    const { supervisor, plane, clock } = this.#parts;
    const { workers, counters, ...rest } = supervisor.snapshot();
    const { poolName, runtime, spawn } = this.#options;
    return deepFreeze({
      name: poolName,
      pid: process.pid,
      uptimeMs: Math.round(clock.now() - this.#createdAtMs),
      ...rest,
      runtime,
      spawn,
      handoff: null,
      workers: workers.map((worker) => ({
        ...worker,
        threadId: plane.members.get(worker.worker)?.link.threadId ?? null,
      })),
      counters,
      ...this.#parts.workers.bounds,
      tasks: {
        queued: plane.queueSize,
        sent: plane.sent,
        completed: plane.completed,
        lateAnswers: plane.lateAnswers,
      },
    });
  }

  get queueSize(): number {
    return this.#parts.plane.queueSize;
  }

  get needsDrain(): boolean {
    return this.#parts.plane.needsDrain;
  }

  get completed(): number {
    return this.#parts.plane.completed;
  }

  get utilization(): number {
    const { timings, clock } = this.#parts;
    const capacityMs = (clock.now() - this.#createdAtMs) * this.#parts.workers.bounds.maxWorkers;
    return timings === null || capacityMs <= 0 ? 0 : timings.busyMs / capacityMs;
  }

  get histogram(): PoolHistogram | null {
    return this.#parts.timings?.histogram() ?? null;
  }

  on<Name extends keyof TaskPoolEvents>(name: Name, listener: TaskPoolEvents[Name]): this {
    this.#parts.events.emitter.on(name, listener as EventListenerOf<Name>);
    return this;
  }

  once<Name extends keyof TaskPoolEvents>(name: Name, listener: TaskPoolEvents[Name]): this {
    this.#parts.events.emitter.once(name, listener as EventListenerOf<Name>);
    return this;
  }

  off<Name extends keyof TaskPoolEvents>(name: Name, listener: TaskPoolEvents[Name]): this {
    this.#parts.events.emitter.off(name, listener as EventListenerOf<Name>);
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Nothing will ever run again: everybody is told why. */
  fail(error: PoolError): void {
    this.#refusal ??= error;
    this.#parts.workers.end();
    this.#parts.plane.refuse(error, true);
  }

  empty(): void {
    this.#onEmpty?.();
  }

  #requestOf(moved: Moved | null, options: RunOptions): TaskRequest {
    const { name, retries, taskTimeoutMs } = this.#options;
    checkRunOptions(options);
    return {
      name: options.name ?? name,
      transfer:
        moved === null ? (options.transferList ?? []) : [...moved.transfer, ...(options.transferList ?? [])],
      priority: options.priority ?? 0,
      timeoutMs: options.timeoutMs ?? taskTimeoutMs,
      retries: options.retries ?? retries,
      signal: options.signal ?? null,
    };
  }

  /** Listens to the caller's signal. */
  #heed(task: PoolTask): void {
    const { signal } = task.request;
    if (signal === null) return;
    if (signal.aborted) throw errors.taskAborted(null, task.name, signal.reason);
    const onAbort = (): void => this.#parts.plane.abort(task, signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    task.stopListening = () => signal.removeEventListener("abort", onAbort);
  }

  /** For map: waits for room in the queue instead of being refused. */
  async #runWithRoom(task: unknown, options: RunOptions): Promise<unknown> {
    while (this.#parts.plane.needsDrain && this.#refusal === null) {
      await new Promise<void>((resolve) => this.once("drain", resolve));
    }
    return this.run(task, options);
  }

  async #close(timeoutMs: number): Promise<void> {
    const { plane, clock } = this.#parts;
    this.#refusal ??= errors.poolClosed("run()");
    let isLate = false;
    const cancel = clock.after(timeoutMs, () => {
      isLate = true;
      const error = errors.poolClosed(`close() waited ${timeoutMs} ms for this task`);
      plane.refuse(error, true);
    });
    if (plane.pending > 0) {
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
      });
    }
    cancel();
    await this.#stop(isLate);
  }

  async #stop(now: boolean): Promise<void> {
    const { waiters, supervisor, keepAlive } = this.#parts;
    this.#parts.workers.end();
    const stopped = waiters.forStop();
    supervisor.accept({ type: "StopRequested", now });
    await stopped;
    keepAlive.end();
  }

  #openRequest(what: string): string {
    if (this.#refusal !== null) throw this.#refusal;
    this.#requests += 1;
    return `${what}-${this.#requests}`;
  }
}
