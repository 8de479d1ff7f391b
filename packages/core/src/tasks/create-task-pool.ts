// `createTaskPool`: checks the options and wires the pool to real threads or processes.

import { dirname } from "node:path";
import type { CallbackGuard } from "../callbacks.ts";
import { PoolError } from "../errors.ts";
import { nativeSupport } from "../native/index.ts";
import type { Strategies } from "../ports/strategies.ts";
import type { TaskPlane } from "../ports/task-link.ts";
import { ReleaseResolver } from "../release/release-resolver.ts";
import { assembleSupervisor, createPublicFace } from "../supervisor/assembly.ts";
import { createClock, realEntropy } from "../supervisor/real-ports.ts";
import type { SupervisorPorts } from "../supervisor/supervisor.ts";
import { balancerOf } from "./balance.ts";
import { AdaptedQueue, type CustomQueue } from "./custom-queue.ts";
import { DataPlane } from "./data-plane.ts";
import { Dispatcher } from "./dispatcher.ts";
import { KeepAlive } from "./keep-alive.ts";
import { Pool } from "./pool.ts";
import { type CheckedPoolOptions, checkPoolOptions } from "./pool-options.ts";
import type { PoolTask } from "./pool-task.ts";
import type { QueuedTask, TaskPool, TaskPoolEvents, TaskPoolOptions } from "./pool-types.ts";
import { PoolWorkers } from "./pool-workers.ts";
import { strategiesOf } from "./strategies.ts";
import { PriorityQueue, type TaskQueue } from "./task-queue.ts";
import { Timings } from "./timings.ts";

/** What a pool needs from outside: real, or simulated. */
export interface PoolPorts
  extends Pick<SupervisorPorts, "clock" | "entropy" | "resolveRelease" | "stampsOf"> {
  strategies(plane: TaskPlane): Strategies;
  defer(callback: () => void): void;
  /** Whether tasks that were sent can be taken back: not from processes without shared memory. */
  canTakeBack(): boolean;
}

/** Makes a pool and starts its workers; tasks may be run at once, they wait for the first ready worker.
 *  @throws PoolError BROOD_BAD_OPTION for an option that cannot be used. */
export function createTaskPool<Tasks = unknown>(options: TaskPoolOptions): TaskPool<Tasks> {
  const checked = checkPoolOptions(options);
  const resolver = new ReleaseResolver((message) => options.logger?.warn(message));
  const pool = assemblePool(checked, options, {
    clock: createClock(false),
    entropy: realEntropy,
    resolveRelease: async ({ entry }) => ({
      release: await resolver.resolve({ entry, folder: hostFolder() ?? dirname(entry) }),
    }),
    stampsOf: (release) => resolver.stampsOf(release),
    strategies: (plane) => strategiesOf(checked, options.workerData, plane),
    defer: queueMicrotask,
    canTakeBack: () => checked.runtime === "worker_threads" || nativeSupport().ok,
  });
  // One class serves every task file; its types are the face's.
  return pool as unknown as TaskPool<Tasks>;
}

/** Task workers are where the host is; null: that folder has been removed. */
function hostFolder(): string | null {
  try {
    return process.cwd();
  } catch {
    return null;
  }
}

/** The pool over any ports. */
export function assemblePool(checked: CheckedPoolOptions, options: TaskPoolOptions, ports: PoolPorts): Pool {
  const face = createPublicFace<TaskPoolEvents>(checked.poolName, options.logger);
  const { events, waiters } = face;
  const keepAlive = new KeepAlive();
  const timings = checked.recordTiming ? new Timings() : null;
  const dispatcher = new Dispatcher<PoolTask>(queueOf(options.taskQueue, events.guard), {
    concurrency: checked.concurrency,
    batching: checked.batching,
    canTakeBack: ports.canTakeBack(),
    balance: options.loadBalancer === undefined ? null : balancerOf(options.loadBalancer, events.guard),
  });
  const plane = new DataPlane(
    dispatcher,
    {
      maxQueue: checked.maxQueue,
      abortGraceMs: checked.abortGraceMs,
      budgetUs: checked.batching?.budgetUs ?? 0,
      isolate: checked.isolate,
      timings,
      defaultName: checked.name,
    },
    {
      clock: ports.clock,
      defer: ports.defer,
      expel: (worker, reason) => workers.expel(worker, reason),
      spent: (worker) => workers.spent(worker),
      backlog: () => workers.backlog(),
      empty: () => pool.empty(),
      announce: (name) => events.announce(name),
      posted: (message, { worker, slot }) => events.announce("message", message, { worker, slot }),
      failed: (error) => events.fail(error),
      capacity: () => workers.bounds.maxWorkers * checked.concurrency,
      keepAlive: (isWanted) => (isWanted ? keepAlive.want() : keepAlive.unwant()),
    },
  );
  const strategies = ports.strategies(plane);
  const { clock } = ports;
  const supervisor = assembleSupervisor(face, {
    machine: checked.machine,
    ports: { ...ports, strategiesOf: () => strategies },
    takes(announcement) {
      workers.observe(announcement);
      return false;
    },
    failed(error) {
      if (error instanceof PoolError && error.code === "BROOD_BUG") pool.fail(error);
    },
  });
  const { minWorkers, maxWorkers, idleTimeoutMs, machine } = checked;
  const { maxFailures } = machine;
  const workers: PoolWorkers = new PoolWorkers(
    { minWorkers, maxWorkers, idleTimeoutMs, maxFailures },
    { supervisor, waiters, plane, clock },
  );
  const parts = { supervisor, waiters, plane, workers, events, clock, keepAlive, timings };
  const pool: Pool = new Pool(checked, parts);
  pool.start();
  return pool;
}

/** A user's queue gives back what was put into it: tasks of this pool. */
function queueOf(custom: TaskPoolOptions["taskQueue"], guard: CallbackGuard): TaskQueue<PoolTask> {
  if (custom === undefined) return new PriorityQueue<PoolTask>();
  return new AdaptedQueue<PoolTask>(
    custom as CustomQueue<QueuedTask> as CustomQueue<unknown> as CustomQueue<PoolTask>,
    guard,
  );
}
