// The pool: the same supervisor and machine as a service, whose strategy makes task workers, and a data plane over them.
// Announcements of the machine open and close workers for tasks; what the plane notices (nobody free, a worker spent, a task
// that does not stop) goes to the machine as events. All state of workers is in the machine, all state of tasks in the plane.

import { detached } from "../callbacks.ts";
import type { PoolError } from "../errors.ts";
import type { RollResult } from "../machine/names.ts";
import { objectOption } from "../options.ts";
import type { Clock } from "../ports/clock.ts";
import { deepFreeze, type PublicEvents } from "../supervisor/events.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import type { Waiters } from "../supervisor/waiters.ts";
import type { DataPlane } from "./data-plane.ts";
import type { KeepAlive } from "./keep-alive.ts";
import { type CheckedPoolOptions, checkBounds, checkFilename } from "./pool-options.ts";
import type {
  CloseOptions,
  MapOptions,
  RunOnAllOptions,
  RunOptions,
  TaskPoolEvents,
  TaskPoolStats,
} from "./pool-types.ts";
import type { PoolWorkers } from "./pool-workers.ts";
import { checkCloseOptions } from "./run-options.ts";
import { Runs } from "./runs.ts";
import * as errors from "./task-errors.ts";
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

export class Pool {
  readonly #options: CheckedPoolOptions;
  readonly #parts: PoolParts;
  readonly #createdAtMs: number;
  readonly #started: Promise<void>;
  readonly #runs: Runs;
  #requests = 0;
  #stopped: Promise<void> | null = null;
  #onEmpty: (() => void) | null = null;

  constructor(options: CheckedPoolOptions, parts: PoolParts) {
    this.#options = options;
    this.#parts = parts;
    this.#createdAtMs = parts.clock.now();
    this.#runs = new Runs(options, parts);
    const first = parts.waiters.forStart();
    detached(first, (error) => this.fail(error as PoolError));
    this.#started = first.then(() => parts.workers.fill());
    this.#started.catch(() => {});
  }

  /** Once, when everything is wired. */
  start(): void {
    this.#parts.supervisor.accept({ type: "StartRequested", entry: this.#options.filename });
  }

  run(value: unknown, options?: RunOptions): Promise<unknown> {
    return this.#runs.run(value, options);
  }

  map(
    tasks: Iterable<unknown> | AsyncIterable<unknown>,
    options?: MapOptions,
  ): AsyncGenerator<unknown, void, undefined> {
    return this.#runs.map(tasks, options);
  }

  async runOnAll(value: unknown, options?: RunOnAllOptions): Promise<unknown[]> {
    await this.ready();
    return this.#runs.runOnAll(value, options);
  }

  clear(): number {
    return this.#parts.plane.refuse(errors.taskCleared(), false);
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
    if (this.#runs.refusal !== null) throw this.#runs.refusal;
    const { workers, keepAlive } = this.#parts;
    const { minWorkers, maxWorkers } = { ...workers.bounds, ...options };
    await keepAlive.during(workers.resize(checkBounds(minWorkers, maxWorkers)));
  }

  close(options: CloseOptions = {}): Promise<void> {
    const { timeoutMs, force } = checkCloseOptions(options);
    this.#stopped ??= this.#parts.keepAlive.during(this.#close(timeoutMs));
    if (force) this.#parts.plane.refuse(errors.poolClosed("close({ force: true })"), false);
    return this.#stopped;
  }

  destroy(): Promise<void> {
    this.#runs.refusal ??= errors.poolClosed("run()");
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
        sent: plane.dispatcher.sent,
        completed: plane.completed,
        lateAnswers: plane.lateAnswers,
      },
    });
  }

  get queueSize(): number {
    return this.#parts.plane.queueSize;
  }

  get needsDrain(): boolean {
    return this.#parts.plane.pressure.isOn;
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
    this.#parts.events.on(name, listener);
    return this;
  }

  once<Name extends keyof TaskPoolEvents>(name: Name, listener: TaskPoolEvents[Name]): this {
    this.#parts.events.once(name, listener);
    return this;
  }

  off<Name extends keyof TaskPoolEvents>(name: Name, listener: TaskPoolEvents[Name]): this {
    this.#parts.events.off(name, listener);
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Nothing will ever run again: everybody is told why. */
  fail(error: PoolError): void {
    this.#runs.refusal ??= error;
    this.#parts.workers.end();
    this.#parts.plane.refuse(error, true);
  }

  empty(): void {
    this.#onEmpty?.();
  }

  async #close(timeoutMs: number): Promise<void> {
    const { plane, clock } = this.#parts;
    this.#runs.refusal ??= errors.poolClosed("run()");
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
    if (this.#runs.refusal !== null) throw this.#runs.refusal;
    this.#requests += 1;
    return `${what}-${this.#requests}`;
  }
}
