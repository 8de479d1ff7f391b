// What users of `createTaskPool` see: options, the pool, its events and stats. Shapes only.

import type { RollView } from "../machine/commands.ts";
import type { Release, RollResult } from "../machine/names.ts";
import type { Logger } from "../ports/log.ts";
import type {
  ServiceCounters,
  ServiceEvents,
  ServiceState,
  TemplateStats,
  WorkerStats,
} from "../service-types.ts";
import type { CustomQueue } from "./custom-queue.ts";
import type { InputOf, NamesOf, OutputOf } from "./task-types.ts";
import type { PoolHistogram } from "./timings.ts";

export type TaskRuntime = "worker_threads" | "child_process";

/** Limits of a worker thread (node:worker_threads); a process takes `maxOldGenerationSizeMb` only. */
export interface TaskResourceLimits {
  readonly maxOldGenerationSizeMb?: number;
  readonly maxYoungGenerationSizeMb?: number;
  readonly codeRangeSizeMb?: number;
  readonly stackSizeMb?: number;
}

/** Replace a worker that has done enough. Each is off unless given. */
export interface TaskRecycleOptions {
  /** After about so many tasks, 1 or more. */
  readonly tasks?: number;
  /** 0...1, default 0.2: each worker's limit is lowered by a random share up to this. */
  readonly jitter?: number;
  /** When it uses more, in bytes: a process's resident set, a thread's own heap and buffers. */
  readonly memoryBytes?: number;
  /** When it has been ready for so long, in milliseconds. */
  readonly ageMs?: number;
}

/** A task as a custom queue or balancer sees it (piscina's PiscinaTask). */
export interface QueuedTask {
  readonly taskId: number;
  readonly name: string;
  readonly isAbortable: boolean;
}

/** A worker as a custom balancer sees it (piscina's PiscinaWorker). */
export interface BalancedWorker {
  readonly id: string;
  /** Tasks it has. */
  readonly currentUsage: number;
  readonly isRunningAbortableTask: boolean;
}

export interface TaskPoolOptions {
  /** The task file: path, file: URL string or URL. Resolved with realpath once for each generation. */
  readonly filename: string | URL;
  /** The export that runs when `run()` names none; default "default". */
  readonly name?: string;
  /** In logs and stats, 1...64 characters of [A-Za-z0-9._-]; default "tasks". */
  readonly poolName?: string;
  /** Default "worker_threads". */
  readonly runtime?: TaskRuntime;
  /** Default "fresh". "template" (child_process on Linux) forks workers from a process that has loaded the task file. */
  readonly spawn?: "fresh" | "template";
  /** 1...10_000; default half of the cores, at least 1. */
  readonly minWorkers?: number;
  /** 1...10_000; default 1.5 times the cores, at least minWorkers. */
  readonly maxWorkers?: number;
  /** 0...2_147_483_647, default 30_000: a worker above minWorkers that had nothing to do for so long ends. */
  readonly idleTimeoutMs?: number;
  /** 0 or more, default 10_000: tasks that may wait; one more is refused with BROOD_QUEUE_FULL. Infinity: no limit. */
  readonly maxQueue?: number;
  /** 1...1_000, default 1: tasks that one worker runs at the same time (of use for tasks that wait). */
  readonly concurrentTasksPerWorker?: number;
  /** 1...2_147_483_647, default none: a task's time, from when it is sent to a worker. */
  readonly taskTimeoutMs?: number;
  /** 0...3_600_000, default 1_000: an aborted task that has not ended then loses its worker. */
  readonly abortGraceMs?: number;
  /** 0...1_000, default 0: how often a task runs again whose worker ended. A task that throws does not run again. */
  readonly retries?: number;
  /** A new worker for each task; default false. */
  readonly isolate?: boolean;
  /** Default "auto": short tasks travel together. "off", or at most `items` (2...1_000) and `budgetMs` (0.1...100). */
  readonly batching?: "auto" | "off" | { readonly items?: number; readonly budgetMs?: number };
  readonly resourceLimits?: TaskResourceLimits;
  /** The workers' whole environment; default process.env. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Flags of the workers' Node; default those of the host (`--import`, `--permission` …), as node:worker_threads and fork have it. */
  readonly execArgv?: readonly string[];
  /** Given to each worker once: `context.workerData`, in threads `workerData` of node:worker_threads too. */
  readonly workerData?: unknown;
  readonly recycle?: TaskRecycleOptions;
  /** As of createService: 30_000, 0, 25_000, 30_000, 3 by default. */
  readonly bootTimeoutMs?: number;
  readonly minHealthyMs?: number;
  readonly drainTimeoutMs?: number;
  readonly heartbeatTimeoutMs?: number;
  readonly maxFailures?: number;
  /** Measure waiting and running times; default true. */
  readonly recordTiming?: boolean;
  /** Instead of the built-in queue: piscina's TaskQueue. One that throws, or gives what was not put in, is an `error` event
   *  (BROOD_CALLBACK_FAILED), and the built-in queue has its place from then on. */
  readonly taskQueue?: CustomQueue<QueuedTask>;
  /** Instead of "least busy": gets workers that can begin a task now; null keeps it waiting. Turns batching off.
   *  When it throws or gives anything else there is an `error` event (BROOD_CALLBACK_FAILED), and the least busy worker is it. */
  readonly loadBalancer?: (task: QueuedTask, workers: readonly BalancedWorker[]) => BalancedWorker | null;
  /** Default: the `debug` package under `brood:<poolName>`. */
  readonly logger?: Logger;
}

export interface RunOptions<Name extends string = string> {
  /** The function to run; default the pool's `name`. */
  readonly name?: Name;
  /** Aborts the task: it is refused at once, and its own signal aborts. */
  readonly signal?: AbortSignal;
  /** As the pool's taskTimeoutMs. */
  readonly timeoutMs?: number;
  /** As the pool's. A task that transfers something cannot run again. */
  readonly retries?: number;
  /** -1_000...1_000, default 0; higher goes first. */
  readonly priority?: number;
  /** Moved instead of copied (threads); in processes everything is copied. */
  readonly transferList?: readonly object[];
}

export interface CloseOptions {
  /** 1...2_147_483_647, default 30_000: what has not ended then is refused with BROOD_CLOSED. */
  readonly timeoutMs?: number;
  /** Refuses what has not begun, with BROOD_CLOSED, and waits only for what runs. Default false. */
  readonly force?: boolean;
}

export type RunOnAllOptions<Name extends string = string> = Pick<
  RunOptions<Name>,
  "name" | "signal" | "timeoutMs"
>;

export interface MapOptions<Name extends string = string> {
  readonly name?: Name;
  /** 1...1_000_000, default 64 for each of maxWorkers: how many are under way at a time; the source is read no faster. */
  readonly concurrency?: number;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly retries?: number;
}

export interface TaskPoolEvents extends ServiceEvents {
  /** The queue is full: wait for `drain` before the next run(). */
  needsDrain: () => void;
  /** The queue is half empty again; or, as in piscina, every worker had all that it can run and one has nothing to do now. */
  drain: () => void;
  /** A task sent this by itself: `parentPort.postMessage` in a thread, `process.send` in a process. */
  message: (message: unknown, from: { readonly worker: string; readonly slot: number }) => void;
}

export interface TaskPoolStats {
  readonly name: string;
  readonly pid: number;
  readonly uptimeMs: number;
  readonly state: ServiceState;
  readonly generation: number;
  readonly release: Release | null;
  readonly desired: number;
  readonly ready: number;
  readonly runtime: TaskRuntime;
  readonly spawn: "fresh" | "template";
  readonly handoff: null;
  readonly roll: RollView | null;
  readonly lastRoll: RollResult | null;
  readonly template: TemplateStats | null;
  readonly workers: readonly WorkerStats[];
  readonly counters: ServiceCounters;
  readonly minWorkers: number;
  readonly maxWorkers: number;
  readonly tasks: {
    /** Waiting for a worker. */
    readonly queued: number;
    /** With a worker. */
    readonly sent: number;
    /** Answered by a worker, well or not. */
    readonly completed: number;
    /** Answers that came after the task had its outcome. */
    readonly lateAnswers: number;
  };
}

/** A running pool. Several may live in one process; an idle one does not keep the process alive (but with spawn "template":
 *  close it). */
export interface TaskPool<Tasks = unknown> {
  /** Runs a task. Settles, always: with its result, the error it threw, or a PoolError: BROOD_WORKER_EXITED,
   *  BROOD_TASK_TIMEOUT, BROOD_TASK_ABORTED, BROOD_QUEUE_FULL, BROOD_NOT_CLONEABLE, BROOD_BOOT_FAILED, BROOD_BOOT_TIMEOUT,
   *  BROOD_CLOSED, BROOD_BAD_OPTION. */
  run<Name extends NamesOf<Tasks> = "default" & NamesOf<Tasks>>(
    task: InputOf<Tasks, Name>,
    options?: RunOptions<Name>,
  ): Promise<OutputOf<Tasks, Name>>;
  /** The results of many tasks, in their order, as they come; the source is read no faster than results are taken. The first
   *  failure, also of a later task, stops what is under way at once. */
  map<Name extends NamesOf<Tasks> = "default" & NamesOf<Tasks>>(
    tasks: Iterable<InputOf<Tasks, Name>> | AsyncIterable<InputOf<Tasks, Name>>,
    options?: MapOptions<Name>,
  ): AsyncGenerator<OutputOf<Tasks, Name>, void, undefined>;
  /** Runs a task once on every worker that is ready, behind what it has; results in the order of slots. Waits for all, then
   *  rejects with the first failure. Workers that start later do not run it: what each of them needs belongs into the task
   *  file. @throws PoolError as run(), and BROOD_BAD_OPTION with `isolate` */
  runOnAll<Name extends NamesOf<Tasks> = "default" & NamesOf<Tasks>>(
    task: InputOf<Tasks, Name>,
    options?: RunOnAllOptions<Name>,
  ): Promise<OutputOf<Tasks, Name>[]>;
  /** Refuses every task that has not begun with BROOD_TASK_ABORTED. @returns how many */
  clear(): number;
  /** Resolves when minWorkers are ready; rejects with the reason why they do not come up. */
  ready(): Promise<void>;
  /** New code, without losing a task: the old workers go on until the new ones are ready. A bad file is a result. */
  restart(options?: { readonly filename?: string | URL }): Promise<RollResult>;
  /** Resolves when the pool has at least minWorkers ready and at most maxWorkers. */
  resize(options: { readonly minWorkers?: number; readonly maxWorkers?: number }): Promise<void>;
  /** Takes no more tasks, finishes what it has, ends its workers. After `timeoutMs` (default 30_000) what is left is refused
   *  with BROOD_CLOSED. */
  close(options?: CloseOptions): Promise<void>;
  /** Refuses everything with BROOD_CLOSED and ends the workers now. */
  destroy(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
  stats(): TaskPoolStats;
  /** Tasks that wait for a worker. */
  readonly queueSize: number;
  /** True from `needsDrain` until `drain`. */
  readonly needsDrain: boolean;
  /** Tasks answered so far. */
  readonly completed: number;
  /** 0...1: the share of maxWorkers' time spent in tasks since the pool began. */
  readonly utilization: number;
  /** Waiting and running times in milliseconds; null with recordTiming false. */
  readonly histogram: PoolHistogram | null;
  on<Name extends keyof TaskPoolEvents>(name: Name, listener: TaskPoolEvents[Name]): this;
  once<Name extends keyof TaskPoolEvents>(name: Name, listener: TaskPoolEvents[Name]): this;
  off<Name extends keyof TaskPoolEvents>(name: Name, listener: TaskPoolEvents[Name]): this;
}
