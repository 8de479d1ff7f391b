// The seam between the engine's worker runtime and what is hosted in it. The HTTP adapter brings a host that
// serves requests; the built-in one runs a plain entry. The runtime calls these in this order and only once:
//   create -> boot -> (admitted by the supervisor) -> open -> ... -> drain -> close

import type { OrderedSocket } from "../link/protocol.ts";
import type { Answers } from "../machine/answers.ts";
import type { Generation, Release, SlotIndex, Usage, WorkerId } from "../machine/names.ts";

/** What an application may know about the worker it runs in. */
export interface WorkerContext {
  /** -1 in a template. */
  readonly slot: SlotIndex;
  /** "w0" in a template. */
  readonly worker: WorkerId;
  readonly generation: Generation;
  readonly release: Release;
  readonly name: string;
  readonly spawn: "fresh" | "template";
  readonly runtime: "process" | "thread";
  /** Aborts when draining begins. */
  readonly signal: AbortSignal;
}

/** The one object an application may keep: a template's becomes the worker's when it is forked. */
export type MutableContext = { -readonly [Key in keyof WorkerContext]: WorkerContext[Key] };

/** What the host gets beside the context. */
export interface HostOrder {
  readonly context: WorkerContext;
  readonly hostData: unknown;
  /** What the supervisor passed on, in its order. */
  readonly sockets: readonly OrderedSocket[];
  /** The supervisor compares what workers answer. */
  readonly countsAnswers?: boolean;
  /** The descriptor to use instead of one of `sockets`, and to close in the end. In a thread it is a duplicate: two
   *  threads that close one descriptor abort the process. Call it when it is used and not before, or it leaks. */
  ownSocket(descriptor: number): number;
  /** Loads the release's entry as Node would run it (`process.argv[1]`, `require.main` right). Settles with its exports. */
  loadEntry(): Promise<Readonly<Record<string, unknown>>>;
  /** To the supervisor's `worker:message`. */
  post(payload: unknown): void;
  /** While it drains: everything is answered, and `drain` now only waits for idle connections that their clients were told
   *  they may keep. The worker then holds no permit of a roll, which still completes only when it is gone. Repeated
   *  calls, and one before the drain, do nothing. */
  lingering(): void;
  /** From now on the worker ends by itself when nothing of its application keeps it alive. While it closes. */
  unref(): void;
}

export interface WorkerHost {
  /** Loads the application and everything it needs before it can serve; must not accept work yet. */
  boot(): Promise<void>;
  /** Starts to take work. When it resolves the worker is ready. */
  open(): Promise<void>;
  /** Takes no new work, resolves when nothing is in flight. The runtime has aborted `context.signal` already. */
  drain(): Promise<void>;
  /** Closes the application, after everything has been answered. */
  close(): Promise<void>;
  /** Cheap; called for each heartbeat. */
  usage(): Pick<Usage, "requests" | "connections" | "tasks">;
  /** Totals since the start; asked for each heartbeat when `HostOrder.countsAnswers`. */
  answers?(): Answers | undefined;
  /** Rejects with what makes the application unfit to serve; null when it has nothing to check. Called after `boot`. */
  check?(): Promise<void> | null;
  /** Does what serving does, without the application and without anybody seeing it: what that writes to, a forked worker's
   *  younger siblings copy when they are born. May reject. */
  rehearse?(): Promise<void>;
  /** A message of the embedding program. */
  message?(payload: unknown, handle: unknown): void;
}

/** The release as a template has loaded it: all that workers have in common. Nothing of it may be open: no socket, no
 *  thread; that is looked at before every fork. */
export interface LoadedRelease {
  /** In the template, before that look: the application closes what must not be shared. */
  beforeFork(): Promise<void>;
  /** In the forked process. */
  createWorkerHost(order: HostOrder): WorkerHost;
}

/** What a template keeps for its workers, as the loader of a release sees it. */
export interface Holding {
  /** Resolves when the program waits for nothing but what is held: it is to be forked as it is, and each worker goes on. Never
   *  where nothing is held. */
  readonly waiting: Promise<void>;
  /** How many things have been held so far. */
  readonly made: number;
  /** Nothing is held that is wanted still; in a worker it has been done. */
  readonly isEmpty: boolean;
  /** For a loader that can go on only in a worker. @returns resolves there */
  forked(): Promise<void>;
  /** Work of the loader's own: while it lasts, `waiting` is not concluded. */
  busy<Result>(work: Promise<Result>): Promise<Result>;
}

/** What a loader gets; `holding` in a template only. */
export type LoadOrder = Omit<HostOrder, "sockets" | "ownSocket" | "post" | "lingering" | "unref"> & {
  readonly holding?: Holding;
};

/** A host module that can be forked exports this as `loadRelease`. It loads, warms up, and settles when that is done, or when
 *  `holding.waiting` does: then its workers' `boot` waits for the rest. */
export type LoadRelease = (order: LoadOrder) => Promise<LoadedRelease>;

/** A host module exports this as `createWorkerHost`. It is loaded before the release. */
export type CreateWorkerHost = (order: HostOrder) => WorkerHost | Promise<WorkerHost>;
