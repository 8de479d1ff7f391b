// The data plane as the pool and the strategies see it: the strategy that starts a task worker hands the pool a link to
// send tasks over, and whatever comes back goes to the plane. The control plane is the worker's sink, as for services.

import type { TaskMessage } from "../link/task-protocol.ts";
import type { WorkerId } from "../machine/names.ts";
import type { SpawnOrder } from "./spawn-strategy.ts";

/** A task on its link: a number that rises, and a cell that is its alone while it is outstanding. */
export interface SentTask {
  readonly seq: number;
  readonly cell: number;
}

/** The way to one task worker. */
export interface TaskLink {
  readonly threadId: number | null;
  /** Can tasks that were sent be taken back while the worker is deep in another one? */
  readonly canRevoke: boolean;
  /** False: it is full, and takes nothing until the worker has answered something.
   *  @throws what the transport throws for a value that cannot be cloned; then nothing was sent. */
  send(message: TaskMessage, transfer: readonly unknown[]): boolean;
  /** Marks a task's cell as sent; before `send`. */
  offer(task: SentTask): void;
  /** True: it has not begun and never will. */
  revoke(task: SentTask): boolean;
  /** Reads answers that were not told; `again`: this will be called again within about a millisecond, so a worker with work
   *  at hand need not tell each. */
  look(again: boolean): void;
  /** Whether it has begun, also when the worker is gone; null: unknown. */
  hasBegun(task: SentTask): boolean | null;
}

/** What a worker has answered, however it came. */
export interface Answers {
  each(take: (seq: number, status: number, value: unknown, durationUs: number) => void): void;
}

/** What the strategies tell the pool. */
export interface TaskPlane {
  /** Before anything else about this worker. */
  linked(order: SpawnOrder, link: TaskLink): void;
  received(worker: WorkerId, answers: Answers): void;
  /** A message came from it that could not be read. */
  unread(worker: WorkerId): void;
  /** A task sent this by itself. */
  posted(worker: WorkerId, message: unknown): void;
  /** The same, but it cannot be read here. */
  unreadable(worker: WorkerId, reason: unknown): void;
  /** It is about to be killed: nothing more for it. */
  close(worker: WorkerId): void;
  /** Has it begun a task and not answered, by its own account? */
  isBusy(worker: WorkerId): boolean;
  /** Before the sink's `exited`; everything the worker sent has been received. */
  ended(worker: WorkerId, end: { readonly isOutOfMemory: boolean }): void;
}
