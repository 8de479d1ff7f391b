// What callers ask of a pool: one run, many in order, one on every worker. Options are checked, the caller's signal is watched
// once the task is accepted, and everything else is the data plane's. A run that is refused leaves nothing behind: no listener,
// no place in the queue.

import { badOption, type PoolError } from "../errors.ts";
import type { Clock } from "../ports/clock.ts";
import { type Moved, movedOf } from "../worker/movable.ts";
import type { DataPlane } from "./data-plane.ts";
import type { CheckedPoolOptions } from "./pool-options.ts";
import { PoolTask, type TaskRequest } from "./pool-task.ts";
import type { MapOptions, RunOnAllOptions, RunOptions } from "./pool-types.ts";
import type { PoolWorkers } from "./pool-workers.ts";
import { checkMapOptions, checkRunOnAllOptions, checkRunOptions } from "./run-options.ts";
import { SignalTasks } from "./signal-tasks.ts";
import * as errors from "./task-errors.ts";
import { TaskMap } from "./task-map.ts";

export interface RunsParts {
  readonly plane: DataPlane;
  readonly workers: PoolWorkers;
  readonly clock: Clock;
}

/** For each of maxWorkers: enough for batches, little enough to hold in memory. */
const MAP_AHEAD = 64;

/** One executor for all promises: a function and its scope for each would be a fifth of what a waiting task allocates. */
const nobody = (): void => {};
let lastResolve: (value: unknown) => void = nobody;
function takeResolve(resolve: (value: unknown) => void): void {
  lastResolve = resolve;
}

export class Runs {
  readonly #options: Pick<CheckedPoolOptions, "name" | "retries" | "taskTimeoutMs" | "isolate">;
  readonly #parts: RunsParts;
  readonly #signals: SignalTasks;
  readonly #plain: TaskRequest;
  #taskIds = 0;
  /** Why nothing is taken any more. */
  refusal: PoolError | null = null;

  constructor(options: CheckedPoolOptions, parts: RunsParts) {
    this.#options = options;
    this.#parts = parts;
    this.#signals = new SignalTasks((task, reason) => parts.plane.abort(task, reason));
    this.#plain = this.#requestOf(null, {}, false);
  }

  run(value: unknown, options?: RunOptions): Promise<unknown> {
    if (this.refusal !== null) return Promise.reject(this.refusal);
    try {
      const moved = this.#movedOf(value, options);
      const isPlain = options === undefined && moved === null;
      const request = isPlain ? this.#plain : this.#requestOf(moved, options ?? {}, false);
      return this.#begin(moved === null ? value : moved.value, request, (task) =>
        this.#parts.plane.submit(task),
      );
    } catch (error) {
      return Promise.reject(error);
    }
  }

  map(
    tasks: Iterable<unknown> | AsyncIterable<unknown>,
    options: MapOptions = {},
  ): AsyncGenerator<unknown, void, undefined> {
    if (!isIterable(tasks)) throw badOption("tasks", tasks, "an iterable or async iterable of tasks");
    const { plane, workers } = this.#parts;
    const concurrency = checkMapOptions(options, MAP_AHEAD * workers.bounds.maxWorkers);
    const { concurrency: _, signal = null, ...rest } = options;
    return new TaskMap(tasks, {
      start: (task, stop) => this.run(task, { ...rest, signal: stop }),
      room: () => (this.refusal !== null || plane.hasRoom ? null : plane.pressure.moved()),
      aborted: (reason) => errors.taskAborted(null, rest.name ?? this.#options.name, reason),
      concurrency,
      signal,
    });
  }

  /** @throws PoolError BROOD_BAD_OPTION */
  async runOnAll(value: unknown, options: RunOnAllOptions = {}): Promise<unknown[]> {
    checkRunOnAllOptions(options);
    if (this.#options.isolate)
      throw badOption("isolate", true, "false for runOnAll(): isolated workers run one task each");
    if (this.refusal !== null) throw this.refusal;
    const { plane } = this.#parts;
    const members = [...plane.members.values()].filter(({ load }) => load?.isOpen);
    const results = members.map((member) =>
      this.#begin(value, this.#requestOf(null, options, true), (task) => plane.submitTo(member, task)),
    );
    await Promise.allSettled(results);
    return Promise.all(results);
  }

  #movedOf(value: unknown, options: RunOptions | undefined): Moved | null {
    try {
      return movedOf(value);
    } catch (cause) {
      throw errors.notCloneable("task", options?.name ?? this.#options.name, cause);
    }
  }

  #begin(value: unknown, request: TaskRequest, submit: (task: PoolTask) => void): Promise<unknown> {
    const { signal } = request;
    if (signal?.aborted) throw errors.taskAborted(null, request.name, signal.reason);
    const promise = new Promise(takeResolve);
    this.#taskIds += 1;
    const task = new PoolTask(this.#taskIds, value, request, this.#parts.clock.now(), lastResolve);
    lastResolve = nobody;
    submit(task);
    if (signal !== null && task.state !== "settled") this.#signals.watch(task, signal);
    return promise;
  }

  #requestOf(moved: Moved | null, given: RunOptions, isPinned: boolean): TaskRequest {
    const { name, retries, taskTimeoutMs } = this.#options;
    const options = checkRunOptions(given);
    return {
      name: options.name ?? name,
      // A copy: what the caller does to the list later, or has made of it, is not looked at again.
      transfer: [...(moved?.transfer ?? []), ...(options.transferList ?? [])],
      priority: options.priority ?? 0,
      timeoutMs: options.timeoutMs ?? taskTimeoutMs,
      retries: options.retries ?? retries,
      signal: options.signal ?? null,
      isPinned,
    };
  }
}

function isIterable(value: unknown): boolean {
  if (typeof value === "string") return true;
  if (typeof value !== "object" || value === null) return false;
  return Symbol.asyncIterator in value || Symbol.iterator in value;
}
