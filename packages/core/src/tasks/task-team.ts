// The workers of a pool as its data plane knows them, and what the plane needs from outside.

import type { PoolError } from "../errors.ts";
import type { WorkerId } from "../machine/names.ts";
import type { Clock } from "../ports/clock.ts";
import type { SpawnOrder } from "../ports/spawn-strategy.ts";
import type { TaskLink } from "../ports/task-link.ts";
import type { ErrorSite } from "./task-errors.ts";
import type { Timings } from "./timings.ts";
import type { WorkerLoad } from "./worker-load.ts";

export interface Member {
  readonly order: SpawnOrder;
  readonly link: TaskLink;
  /** Null until it is ready. */
  load: WorkerLoad | null;
  isOutOfMemory: boolean;
  pid: number | null;
  /** When it last had something to do, or became ready. */
  idleSinceMs: number;
}

export function newMember(order: SpawnOrder, link: TaskLink): Member {
  return { order, link, load: null, isOutOfMemory: false, pid: null, idleSinceMs: 0 };
}

export interface PlaneOptions {
  readonly maxQueue: number;
  readonly abortGraceMs: number;
  readonly budgetUs: number;
  /** One task for each worker. */
  readonly isolate: boolean;
  readonly timings: Timings | null;
  /** Tasks of this name are sent without it. */
  readonly defaultName: string;
}

export interface PlanePorts {
  readonly clock: Clock;
  /** Calls back after what runs now: a microtask. */
  defer(callback: () => void): void;
  /** The worker has to go, at once, for this reason. */
  expel(worker: WorkerId, reason: PoolError): void;
  announce(name: "drain" | "needsDrain"): void;
  /** A task sent this by itself. */
  posted(message: unknown, from: SpawnOrder): void;
  /** Something went wrong of which no task can be told. */
  failed(error: PoolError): void;
  /** How many tasks all workers that there may be can run. */
  capacity(): number;
  /** Tasks wait for which nobody is free. */
  backlog(): void;
  /** The worker has had its one task (isolate). */
  spent(worker: WorkerId): void;
  /** Nothing is pending any more. */
  empty(): void;
  /** Whether somebody waits for a task: then the host must not end. */
  keepAlive(isWanted: boolean): void;
}

export function siteOf({ order, link, pid }: Member): ErrorSite {
  const { worker, slot, generation } = order;
  return { worker, slot, generation, pid, threadId: link.threadId };
}
