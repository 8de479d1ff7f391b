// What users of `createService` see: options, stats, events. Shapes only; INTERFACE of the HTTP adapter too.

import type { Writable } from "node:stream";
import type { ListenerStats } from "./listener-stats.ts";
import type { RollView, TemplateIdentity, WorkerIdentity } from "./machine/commands.ts";
import type { HeldCounts } from "./machine/held.ts";
import type { FailureReason, Generation, Release, RollResult, SlotIndex, WorkerId } from "./machine/names.ts";
import type { MachineSnapshot, TemplateSnapshot, WorkerSnapshot } from "./machine/snapshot.ts";
import type { NodeOptions } from "./node-options.ts";
import type { Logger } from "./ports/log.ts";
import type { PassedSocket } from "./ports/spawn-strategy.ts";
import type { TemplateOptions } from "./template-options.ts";

/** Who is about to be spawned. */
export interface WorkerSeat {
  readonly slot: SlotIndex;
  readonly worker: WorkerId;
  readonly generation: Generation;
}

/** Replace a worker that has done enough. Each is off unless given. */
export interface RecycleOptions {
  /** After so many requests, 1 or more. */
  readonly requests?: number;
  /** 0...1, default 0.2: each worker's limit is lowered by a random share up to this, so that they never go together. */
  readonly jitter?: number;
  /** When its resident set is larger, in bytes. */
  readonly memoryBytes?: number;
  /** When it has been ready for so long, in milliseconds. */
  readonly ageMs?: number;
  /** When its timers come later than this (p99 of a heartbeat's time) in three heartbeats in a row, in milliseconds. */
  readonly eventLoopDelayMs?: number;
}

/** A check that the application itself brings (`healthCheck` of its entry): when it runs. */
export interface HealthCheckOptions {
  /** 10...600_000, default 250: between two checks. */
  readonly intervalMs?: number;
  /** 10...600_000, default 5_000: one check; before ready all of them together. Then the worker counts as failed. */
  readonly timeoutMs?: number;
}

/** New code is compared with the old by what both answer over the same time, before the roll goes on past its first worker
 *  and while it goes on. Too few requests: it goes on at the timeout, and says so. */
export interface CanaryOptions {
  /** 1...1_000_000, default 200: answers wanted of each generation. */
  readonly requests?: number;
  /** 0...1, default 0.01: by so much may the new share of 5xx be larger. */
  readonly maxErrorRateIncrease?: number;
  /** 1...1_000, default 2: so many times the old p95 may the new one be; less than 5 ms more never counts. */
  readonly maxLatencyRatio?: number;
  /** 1...600_000, default 10_000: milliseconds to wait for so many answers. */
  readonly timeoutMs?: number;
}

/** Limits of one thread, in megabytes (2^20 bytes), each above 0; Node's `resourceLimits` with Node's defaults. */
export interface ThreadLimits {
  /** Of the heap; a thread that reaches it ends with BROOD_WORKER_EXITED, and its slot is filled again. */
  readonly maxOldGenerationSizeMb?: number;
  readonly maxYoungGenerationSizeMb?: number;
  readonly codeRangeSizeMb?: number;
  /** Default 4. */
  readonly stackSizeMb?: number;
}

export interface ServiceOptions extends NodeOptions {
  /** The module to run; resolved with realpath once for each generation. */
  readonly entry: string | URL;
  /** 1...64 characters of [A-Za-z0-9._-], default "default". In logs and stats. */
  readonly name?: string;
  /** Module (URL) in the worker that turns the release into something that serves; default: a plain entry. */
  readonly host?: URL;
  /** JSON for the host. */
  readonly hostData?: unknown;
  /** Descriptors that go with each worker, or what makes them for one worker. They stay the caller's. What throws fails that spawn. */
  readonly sockets?: readonly PassedSocket[] | ((seat: WorkerSeat) => readonly PassedSocket[]);
  /** Called when a slot was scaled away; its last worker may still be draining. */
  readonly slotClosed?: (slot: SlotIndex) => void;
  /** Sees what a worker's host has posted; true keeps it from `worker:message`, for it was the host's own. */
  readonly takeMessage?: (worker: WorkerId, payload: unknown) => boolean;
  /** Called by each restart, but for one back to a generation, with the options that count so far: those to go on with. They are checked as at the start;
   *  if they cannot be used the restart fails before anything is touched, with what this rejects with as its reason. They
   *  go back when the restart fails. Without it each restart goes on with the options of the start. */
  readonly reload?: (before: ServiceSettings) => Promise<Reloaded>;
  /** Workers wanted, 1...10_000; default the cores that this process may use: os.availableParallelism(), at most the CPU quota of its cgroup, rounded down. */
  readonly workers?: number;
  /** "process" (default), or "thread": quicker to start, but a crash takes all of them; `sockets` need the addon; docs/threads.md. */
  readonly runtime?: "process" | "thread";
  /** "fresh" (default): each worker is a new process. "template": forked from a process that has loaded the release, in
   *  milliseconds and with shared memory; Linux, see docs/forking.md. */
  readonly spawn?: "fresh" | "template";
  readonly template?: TemplateOptions;
  /** Of each thread; only with `runtime: "thread"`. */
  readonly resourceLimits?: ThreadLimits;
  /** 1...3_600_000, default 30_000: spawn to ready; then the worker is killed and counts as failed. */
  readonly bootTimeoutMs?: number;
  /** 0...3_600_000, default 1_000: so long must the canary stay healthy before another new worker serves; at the end of that
   *  the next ones boot already, as long before as the canary took. An earlier death of any new worker counts as failed. */
  readonly minHealthyMs?: number;
  /** 0...3_600_000, default 25_000: then a draining worker is killed. It fits into the 30 s that Kubernetes waits. */
  readonly drainTimeoutMs?: number;
  /** 100...3_600_000, default 30_000: a ready worker silent for so long is killed. */
  readonly heartbeatTimeoutMs?: number;
  /** 0...10_000: slots replaced at once. Default a quarter of `workers`, at most one a usable core: a roll is bound by
   *  the CPU, so more boots at once than cores only cost memory, and fewer leave cores idle. With `spawn: "template"` half
   *  of `workers`: forks cost milliseconds. */
  readonly maxSurge?: number;
  /** 0...10_000, default 0: ready workers that a roll may take away first. With maxSurge 0 at least 1. */
  readonly maxUnavailable?: number;
  /** 1...10_000, default 3: failed workers of the new generation until a roll fails. The canary has one try. */
  readonly maxFailures?: number;
  /** 1...10_000, default one a usable core, at least 2: workers booting at the same time. */
  readonly bootConcurrency?: number;
  readonly recycle?: RecycleOptions;
  /** Off unless given; `true` for the defaults. */
  readonly canary?: CanaryOptions | boolean;
  readonly healthCheck?: HealthCheckOptions;
  /** A respawn finds other files than its generation pinned: "warn" (default) or "refuse". */
  readonly onReleaseChanged?: "warn" | "refuse";
  /** Added to process.env for workers. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Keep compiled code on disk between workers, default true. Node >= 22.1; elsewhere without effect. */
  readonly compileCache?: boolean;
  /** Working directory of the workers, default that of this process, by the path that was meant ($PWD): a symlink in it is
   *  followed anew by each restart, and pinned with the entry. For threads see docs/threads.md. */
  readonly cwd?: string;
  /** This process does nothing else (as the `brood` command): its own working directory may follow the releases, which only
   *  threads see. Default false. */
  readonly isOwnProcess?: boolean;
  /** Where the workers' output goes: "inherit" (default) or a stream. */
  readonly stdout?: "inherit" | Writable;
  readonly stderr?: "inherit" | Writable;
  /** Default: the `debug` package under `brood:<name>`. */
  readonly logger?: Logger;
}

/** Options that a service keeps from its start to its end. */
export type FixedOption =
  | "name"
  | "host"
  | "sockets"
  | "slotClosed"
  | "takeMessage"
  | "reload"
  | "runtime"
  | "spawn"
  | "isOwnProcess"
  | "stdout"
  | "stderr"
  | "logger";

/** Options that a restart may change, together with what its generation runs. */
export type ServiceSettings = Omit<ServiceOptions, FixedOption>;

export interface Reloaded {
  /** The very object that was handed in when nothing has changed. */
  readonly settings: ServiceSettings;
  /** Names of what has another value, for the result of the restart. */
  readonly changed: readonly string[];
}

/** "failed": after BROOD_BUG; its workers were stopped, and every request but `stop()` is refused. */
export type ServiceState = MachineSnapshot["state"] | "failed";

export interface WorkerStats extends WorkerSnapshot {
  /** Node's id of the thread; null for a process. */
  readonly threadId: number | null;
}

export type TemplateStats = TemplateSnapshot;

export interface ServiceCounters {
  readonly spawned: number;
  readonly exited: number;
  /** Ended unasked. */
  readonly crashed: number;
  /** Ended by us without their cooperation. */
  readonly killed: number;
  /** Reported another identity than asked for. */
  readonly mismatched: number;
  /** Events dropped by the stale gate. */
  readonly staleEvents: number;
  /** Workers spawned fresh while their template was being built again. */
  readonly fallbacks: number;
  /** Kept connections that draining workers passed on to others. */
  readonly moved: number;
}

/** How far a roll is. */
export type RollProgress = RollView;

/** The stats document: a frozen snapshot. */
export interface ServiceStats {
  readonly name: string;
  readonly pid: number;
  readonly uptimeMs: number;
  readonly state: ServiceState;
  readonly generation: Generation;
  readonly release: Release | null;
  /** What `restart({ to })` can go back to, oldest first: at most 16. */
  readonly generations: readonly { readonly generation: Generation; readonly release: Release }[];
  readonly desired: number;
  readonly ready: number;
  readonly runtime: "process" | "thread";
  readonly spawn: "fresh" | "template";
  readonly handoff: string | null;
  /** Addresses that clients do not reach any more: of a unix socket whose path somebody else has, or nobody. Absent for none. */
  readonly unreachable?: readonly string[];
  /** Every address that workers listen on. Absent where nothing is known of it. */
  readonly listeners?: readonly ListenerStats[];
  readonly roll: RollProgress | null;
  readonly lastRoll: RollResult | null;
  /** Of the newest generation that has one; null with spawn "fresh". */
  readonly template: TemplateStats | null;
  readonly workers: readonly WorkerStats[];
  readonly counters: ServiceCounters;
}

/** Who an event is about. */
export type WorkerEvent = WorkerIdentity;

/** Public events, each with one frozen object (`error`: an Error). */
export interface ServiceEvents {
  "worker:spawned": (event: WorkerEvent) => void;
  "worker:ready": (event: WorkerEvent & { readonly readyAfterMs: number }) => void;
  "worker:draining": (event: WorkerEvent) => void;
  "worker:exited": (
    event: WorkerEvent & {
      readonly exitCode: number | null;
      readonly signal: string | null;
      /** Connections that it passed on while it drained. */
      readonly moved: number;
      /** Why, when it was not asked to end or did not end as asked. */
      readonly reason: FailureReason | null;
    },
  ) => void;
  "worker:message": (event: WorkerEvent & { readonly payload: unknown }) => void;
  "template:spawned": (event: TemplateIdentity) => void;
  /** `held`: what it keeps for its workers, by kind. `isWaiting`: its program waits for that, and goes on in each worker. */
  "template:ready": (
    event: TemplateIdentity & {
      readonly readyAfterMs: number;
      readonly held: HeldCounts;
      readonly isWaiting: boolean;
    },
  ) => void;
  "template:exited": (
    event: TemplateIdentity & {
      readonly exitCode: number | null;
      readonly signal: string | null;
      /** Null when it was ended because it is not wanted any more. */
      readonly reason: FailureReason | null;
    },
  ) => void;
  "roll:started": (event: RollProgress) => void;
  "roll:progress": (event: RollProgress) => void;
  "roll:ended": (event: RollResult) => void;
  error: (error: Error) => void;
}

/** What to restart to; without one, the same entry path, resolved anew. */
export interface RestartOptions {
  /** Path of another entry; from then on that path is the service's. */
  readonly entry?: string | URL;
  /** A number: the release that this generation had pinned, one of `stats().generations`; it runs under a new number, and
   *  fails with BROOD_RELEASE_CHANGED when its files are others by now. A path: as `entry`. */
  readonly to?: Generation | string | URL;
}

/** A running service. Several may live in one process. */
export interface Service {
  /** Boots every worker. Rejects with PoolError BROOD_BOOT_FAILED, BROOD_BOOT_TIMEOUT, ... when the first generation does not come up; nothing is left running then. */
  start(): Promise<void>;
  /** Phased restart. Never rejects for a bad release: see `result`.
   *  @throws PoolError BROOD_BAD_OPTION (a generation that nobody can go back to), BROOD_CLOSED after stop(). */
  restart(options?: RestartOptions): Promise<RollResult>;
  /** Resolves when so many workers are ready and surplus ones have exited. */
  scale(workers: number): Promise<void>;
  /** Drains every worker, or kills them at once with `now`. Resolves when all have exited. Repeated calls join; `now` hurries. */
  stop(options?: { readonly now?: boolean }): Promise<void>;
  /** A stop will follow: the state is "stopping" from now on, restarts and changes of size are refused, and everything else goes
   *  on as before until `stop()`. No effect before the service has started, or twice. */
  announceStop(): void;
  /** From the last heartbeats; frozen. */
  stats(): ServiceStats;
  /** Asks every ready worker for a heartbeat first, waiting at most 250 ms. */
  freshStats(): Promise<ServiceStats>;
  /** Sends to one worker; false when it is gone. `handle` as in child_process `send`; a thread takes none (false). */
  post(worker: WorkerId, payload: unknown, handle?: unknown): boolean;
  /** Tells of a failure of what is built on the service: an `error` event, or without a listener a line of the log. */
  reportFailure(error: Error): void;
  /** Counts connections that a draining worker has passed on to another one: in stats, its `worker:exited` and the roll. */
  recordMoved(worker: WorkerId, count: number): void;
  /** It broke the protocol of a channel of the embedding program's: it is killed (BROOD_PROTOCOL) and replaced. */
  reportViolation(worker: WorkerId, detail: string): void;
  on<Name extends keyof ServiceEvents>(name: Name, listener: ServiceEvents[Name]): this;
  once<Name extends keyof ServiceEvents>(name: Name, listener: ServiceEvents[Name]): this;
  off<Name extends keyof ServiceEvents>(name: Name, listener: ServiceEvents[Name]): this;
}
