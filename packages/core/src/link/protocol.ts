// The one message protocol between the supervisor and a worker, the same over every transport.
// A frame carries the protocol's version, a sequence number, and on the worker's side its own identity: what a
// worker says of itself is the fact, what the supervisor asked for is only a wish.
// Rule: per direction `seq` starts at 1 and rises by 1. A repeated frame is dropped; a gap, or another one under the same number, is a violation.

import type { Answers } from "../machine/answers.ts";
import type { Generation, Release, Usage, WorkerId } from "../machine/names.ts";

/** Raise it when a frame's meaning changes; both ends must be equal. */
export const PROTOCOL_VERSION = 1;

/** Under this key a thread finds its end of the link in `workerData`. */
export const THREAD_LINK_KEY = "broodLink";

/** What a worker needs to know to become itself. Sent first, before any code of the release is loaded. */
export interface BootOrder {
  readonly worker: WorkerId;
  readonly slot: number;
  readonly generation: Generation;
  readonly release: Release;
  /** To check before it is loaded. */
  readonly stamps: readonly FileStamp[];
  readonly name: string;
  readonly runtime: "process" | "thread";
  readonly spawn: "fresh" | "template";
  /** Module that hosts the release (URL); `null` for a plain entry. */
  readonly host: string | null;
  /** For the host, JSON. */
  readonly hostData: unknown;
  /** With the descriptors as this worker sees them. */
  readonly sockets: readonly OrderedSocket[];
  readonly heartbeatIntervalMs: number;
  readonly watches?: WorkerWatches;
}

/** What a worker is to look at beyond its duty. */
export interface WorkerWatches {
  /** Counts its answers by status class and latency. */
  readonly answers: boolean;
  readonly eventLoopDelay: boolean;
  readonly healthCheck: HealthCheckOrder;
}

export interface HealthCheckOrder {
  /** From ready on. */
  readonly forMs: number;
  readonly intervalMs: number;
  /** For one check; before ready for all of them together. */
  readonly timeoutMs: number;
}

/** A file by which a release is known, as it was when it was pinned. */
export interface FileStamp {
  readonly path: string;
  /** Null: it was not there. */
  readonly size: number | null;
  readonly mtimeMs: number | null;
}

/** A descriptor that came with the worker, and what it is for. */
export interface OrderedSocket {
  readonly role: string;
  readonly fd: number;
  readonly address: string | null;
}

/** An error as it crosses the link. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly stack: string;
}

export type SupervisorMessage =
  | { readonly type: "Boot"; readonly order: BootOrder }
  /** The worker's report was right: it may open. Without it no worker ever accepts a connection. */
  | { readonly type: "Admit" }
  /** Take no new work, finish what is in flight, exit within `timeoutMs`. */
  | { readonly type: "Drain"; readonly timeoutMs: number }
  /** Send a heartbeat now. */
  | { readonly type: "Report" }
  /** The embedding program's own message. */
  | { readonly type: "Post"; readonly payload: unknown };

export type WorkerMessage = { readonly worker: WorkerId; readonly generation: Generation } & (
  | { readonly type: "Hello"; readonly release: Release; readonly pid: number }
  /** Nothing is left to do before it is admitted. Not sent when it was before. */
  | { readonly type: "Booted" }
  | { readonly type: "Ready" }
  | { readonly type: "Heartbeat"; readonly usage: Usage; readonly answers?: Answers }
  /** It noted the beginning of a task and not its end (task workers; read from its memory when it cannot speak). */
  | { readonly type: "Busy" }
  /** The same, but its process is stopped (said by its strategy, which sees it). */
  | { readonly type: "Suspended" }
  | { readonly type: "Failed"; readonly error: WireError }
  /** It was sent TERM, and goes on until it is told what to do. */
  | { readonly type: "Signalled" }
  | { readonly type: "Draining" }
  /** After Draining: everything is answered, only idle connections are left that their clients may keep for a while. */
  | { readonly type: "Lingering" }
  | { readonly type: "Bye" }
  | { readonly type: "Post"; readonly payload: unknown }
);

export interface Frame<Message> {
  readonly brood: typeof PROTOCOL_VERSION;
  readonly seq: number;
  readonly message: Message;
}
