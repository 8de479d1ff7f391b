// What goes into the machine. Past tense or a request; plain data only. Whatever concerns a worker carries the
// worker and the generation of whoever speaks, so that the stale gate can drop it before any handler sees it.

import type { Answers } from "./answers.ts";
import type { MachineConfig } from "./config.ts";
import type { HeldCounts } from "./held.ts";
import type {
  FailureReason,
  Generation,
  Milliseconds,
  Release,
  TemplateId,
  Usage,
  WorkerId,
} from "./names.ts";

/** The moment of an event: monotonic time, and one number in [0, 1) for whatever it must decide by chance. */
export interface Moment {
  readonly atMs: Milliseconds;
  readonly entropy: number;
}

export type RequestEvent =
  | { readonly type: "StartRequested"; readonly entry: string }
  /** `entry: null` deploys the same entry path again, resolved anew; with `to` the release that generation had pinned. */
  | {
      readonly type: "RestartRequested";
      readonly requestId: string;
      readonly entry: string | null;
      readonly to?: Generation;
    }
  /** `spare`: workers that may rather go than others, should the service shrink. */
  | {
      readonly type: "ScaleRequested";
      readonly requestId: string;
      readonly desired: number;
      readonly spare?: readonly WorkerId[];
    }
  /** A stop will follow. Until then the service serves as before, and takes no more requests to change. */
  | { readonly type: "StopAnnounced" }
  | { readonly type: "StopRequested"; readonly now: boolean };

/** What a generation is to run. Settings and entry as they were read anew; without them they are the last good ones'. */
export interface ResolvedRelease {
  readonly release: Release;
  readonly entry?: string;
  readonly config?: MachineConfig;
  /** Names of the options that have another value than in the last good generation's settings. */
  readonly changed?: readonly string[];
}

export type ReleaseEvent =
  | ({ readonly type: "ReleaseResolved"; readonly generation: Generation } & ResolvedRelease)
  | { readonly type: "ReleaseRejected"; readonly generation: Generation; readonly reason: FailureReason };

/** Whoever embeds the engine passed connections on, from a worker that drains: counted, and nothing else. */
export interface ConnectionsMoved {
  readonly type: "ConnectionsMoved";
  readonly from: WorkerId;
  readonly count: number;
}

/** The one timer: `dueAtMs` is what `nextDeadlineAtMs()` had said. */
export interface DeadlineEvent {
  readonly type: "DeadlinesReached";
  readonly dueAtMs: Milliseconds;
}

/** The operating system started nothing. */
export interface SpawnFailed {
  /** BROOD_SPAWN_FAILED: it may go better next time; BROOD_RELEASE_NOT_FOUND: not with this release. */
  readonly code: "BROOD_SPAWN_FAILED" | "BROOD_RELEASE_NOT_FOUND";
  /** With what to do. */
  readonly message: string;
}

export type WorkerEvent = { readonly worker: WorkerId; readonly generation: Generation } & (
  | { readonly type: "WorkerSpawned"; readonly pid: number }
  | ({ readonly type: "WorkerSpawnFailed" } & SpawnFailed)
  /** The worker's own first report. `worker` and `generation` say whose link it came over, `reported` what it claims. */
  | { readonly type: "WorkerReported"; readonly reported: Report }
  /** It has loaded the release and run `onWorkerBoot`; what is left it may do only when it is admitted. */
  | { readonly type: "WorkerBooted" }
  | { readonly type: "WorkerReady" }
  | { readonly type: "WorkerHeartbeat"; readonly usage: Usage; readonly answers?: Answers }
  /** It has noted that it is in the middle of a task, so its silence is work. */
  | { readonly type: "WorkerBusy" }
  /** It has noted so too, but its process is stopped (SIGSTOP): nothing goes on in it. */
  | { readonly type: "WorkerSuspended" }
  /** It was sent TERM, and asks whether it is to leave: the supervisor may have been too, and decides then. */
  | { readonly type: "WorkerSignalled" }
  /** Whoever embeds it wants it replaced: after a drain (null), or at once and for that reason. Not its failure. */
  | { readonly type: "WorkerDismissed"; readonly reason: FailureReason | null }
  | { readonly type: "WorkerFailed"; readonly code: string; readonly message: string }
  | { readonly type: "WorkerDraining" }
  /** It drains and has answered everything: from now on it only waits for idle connections. */
  | { readonly type: "WorkerLingering" }
  | { readonly type: "WorkerBye" }
  | { readonly type: "WorkerPosted"; readonly payload: unknown }
  | { readonly type: "WorkerViolated"; readonly detail: string }
  | {
      readonly type: "WorkerExited";
      readonly exitCode: number | null;
      readonly signal: string | null;
      readonly stderr: string;
    }
);

export type TemplateEvent = { readonly template: TemplateId } & (
  | { readonly type: "TemplateSpawned"; readonly pid: number }
  | ({ readonly type: "TemplateSpawnFailed" } & SpawnFailed)
  /** Its own first report, before it loads the release. */
  | { readonly type: "TemplateReported"; readonly reported: TemplateReport }
  /** The release is loaded, warm and safe to fork; or (`isWaiting`) all that it still waits for is held for the workers. */
  | { readonly type: "TemplateReady"; readonly held?: HeldCounts; readonly isWaiting?: boolean }
  | { readonly type: "TemplateHeartbeat" }
  | { readonly type: "TemplateFailed"; readonly code: string; readonly message: string }
  | { readonly type: "TemplateViolated"; readonly detail: string }
  | {
      readonly type: "TemplateExited";
      readonly exitCode: number | null;
      readonly signal: string | null;
      readonly stderr: string;
    }
);

/** Who a template says it is. */
export interface TemplateReport {
  readonly template: TemplateId;
  readonly generation: Generation;
  readonly release: Release;
  readonly pid: number;
}

/** Who a worker says it is. */
export interface Report {
  readonly worker: WorkerId;
  readonly generation: Generation;
  readonly release: Release;
  readonly pid: number;
}

export type MachineEvent =
  | RequestEvent
  | ReleaseEvent
  | DeadlineEvent
  | ConnectionsMoved
  | WorkerEvent
  | TemplateEvent;
