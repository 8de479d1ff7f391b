// How a worker comes to be. `fresh` starts a process that loads the release; `template` forks one that has.
// The supervisor knows only this: an order goes in, and what happens to that worker comes back through its sink.

import type { FileStamp, SupervisorMessage, WorkerMessage } from "../link/protocol.ts";
import type { Generation, Release, SlotIndex, WorkerId } from "../machine/names.ts";

/** A descriptor that goes with a worker, and what it is for. The strategy moves it and does not look into it. */
export interface PassedSocket {
  /** What its host does with it; the host's own word ("listener", "slot", "link"). */
  readonly role: string;
  readonly fd: number;
  /** As the supervisor shows it, `tcp://127.0.0.1:3000`; null when it has none. */
  readonly address: string | null;
}

/** What to spawn. The worker must report exactly this worker and generation. */
export interface SpawnOrder {
  readonly worker: WorkerId;
  readonly slot: SlotIndex;
  readonly generation: Generation;
  readonly release: Release;
  /** By which a worker that loads the release sees whether its files are still those that were pinned. */
  readonly stamps: readonly FileStamp[];
  /** They stay the caller's: the worker gets copies. */
  readonly sockets: readonly PassedSocket[];
  /** Milliseconds from now until the worker must be ready. */
  readonly bootTimeoutMs: number;
}

/** How a process or thread ended. */
export interface WorkerEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** The last lines of its stderr, at most 20. */
  readonly stderr: string;
}

/** Called by the strategy, in order, for one worker; `exited` or `failed` is last and comes exactly once. */
export interface WorkerSink {
  spawned(pid: number): void;
  message(message: WorkerMessage): void;
  /** The link broke the protocol: `detail` says how. */
  violated(detail: string): void;
  /** The worker could not be started at all. */
  failed(error: Error): void;
  exited(end: WorkerEnd): void;
}

/** A started (or starting) worker, known by its handle and never by its pid. */
export interface WorkerHandle {
  /** Node's own id, for a worker that is a thread. */
  readonly threadId?: number;
  /** Sends without waiting; false when the link is closed or full. */
  send(message: SupervisorMessage, handle?: unknown): boolean;
  /** Has it write to stderr what its main thread is doing, where it can; it is about to be killed for its silence. */
  examine?(): void;
  /** Ends it without its cooperation (SIGKILL, terminate). */
  kill(): void;
}

export interface SpawnStrategy {
  readonly kind: "fresh" | "template";
  spawn(order: SpawnOrder, sink: WorkerSink): WorkerHandle;
}
