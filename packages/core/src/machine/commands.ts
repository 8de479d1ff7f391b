// What comes out of the machine. Imperative; the shell performs each in order and answers with events.
// `Publish` and `Note` only tell; everything else acts or settles somebody's promise.

import type { CanaryView } from "./analysis.ts";
import type { MachineConfig } from "./config.ts";
import type { HeldCounts } from "./held.ts";
import type {
  FailureReason,
  Generation,
  Milliseconds,
  Release,
  RollResult,
  RollStep,
  SlotIndex,
  TemplateId,
  WorkerId,
} from "./names.ts";

export interface WorkerIdentity {
  readonly slot: SlotIndex;
  readonly worker: WorkerId;
  readonly generation: Generation;
  readonly pid: number | null;
}

export interface TemplateIdentity {
  readonly template: TemplateId;
  readonly generation: Generation;
  readonly pid: number | null;
}

export interface RollView {
  readonly id: string;
  readonly from: Generation;
  readonly to: Generation;
  readonly step: RollStep;
  readonly replaced: number;
  readonly total: number;
  /** With canary analysis, once it has begun. */
  readonly canary?: CanaryView;
}

/** For the outside: one per lifecycle event. */
export type Announcement =
  | { readonly name: "worker:spawned"; readonly event: WorkerIdentity }
  | { readonly name: "worker:draining"; readonly event: WorkerIdentity }
  | {
      readonly name: "worker:ready";
      readonly event: WorkerIdentity & { readonly readyAfterMs: Milliseconds };
    }
  | {
      readonly name: "worker:exited";
      readonly event: WorkerIdentity & {
        readonly exitCode: number | null;
        readonly signal: string | null;
        readonly moved: number;
        readonly reason: FailureReason | null;
      };
    }
  | { readonly name: "worker:message"; readonly event: WorkerIdentity & { readonly payload: unknown } }
  | { readonly name: "template:spawned"; readonly event: TemplateIdentity }
  | {
      readonly name: "template:ready";
      readonly event: TemplateIdentity & {
        readonly readyAfterMs: Milliseconds;
        readonly held: HeldCounts;
        readonly isWaiting: boolean;
      };
    }
  | {
      readonly name: "template:exited";
      readonly event: TemplateIdentity & {
        readonly exitCode: number | null;
        readonly signal: string | null;
        readonly reason: FailureReason | null;
      };
    }
  | { readonly name: "roll:started"; readonly event: RollView }
  | { readonly name: "roll:progress"; readonly event: RollView }
  | { readonly name: "roll:ended"; readonly event: RollResult };

/** What a new generation is to run. */
export interface ReleaseOrder {
  readonly entry: string;
  /** Somebody asked for this very entry: settings that are read anew do not change it. */
  readonly isNamed: boolean;
  /** This very release is to come back, if its files are still those that were pinned; null: what the entry leads to. */
  readonly pinned: Release | null;
  /** The settings of the last good generation (of the first one: its own). */
  readonly config: MachineConfig;
}

export type Command =
  | ({ readonly type: "ResolveRelease"; readonly generation: Generation } & ReleaseOrder)
  | {
      readonly type: "SpawnWorker";
      readonly worker: WorkerId;
      readonly slot: SlotIndex;
      readonly generation: Generation;
      readonly release: Release;
      readonly config: MachineConfig;
      /** Forked from this one; null: a fresh process. */
      readonly template: TemplateId | null;
      readonly bootTimeoutMs: Milliseconds;
    }
  | {
      readonly type: "SpawnTemplate";
      readonly template: TemplateId;
      readonly generation: Generation;
      readonly release: Release;
      readonly config: MachineConfig;
      readonly bootTimeoutMs: Milliseconds;
    }
  | { readonly type: "KillTemplate"; readonly template: TemplateId }
  | { readonly type: "AdmitWorker"; readonly worker: WorkerId }
  | { readonly type: "DrainWorker"; readonly worker: WorkerId; readonly timeoutMs: Milliseconds }
  | { readonly type: "KillWorker"; readonly worker: WorkerId }
  /** Scaled away: nobody will be spawned for it until it is opened again. Its last worker may still be draining. */
  | { readonly type: "CloseSlot"; readonly slot: SlotIndex }
  /** Wants to know what it is doing: its last words before it is killed for its silence. */
  | { readonly type: "ExamineWorker"; readonly worker: WorkerId }
  /** Wants a heartbeat now; a silent task worker may say that it is busy. */
  | { readonly type: "AskWorker"; readonly worker: WorkerId }
  | { readonly type: "SettleStart"; readonly reason: FailureReason | null }
  | { readonly type: "SettleRoll"; readonly requestId: string; readonly result: RollResult }
  | { readonly type: "SettleScale"; readonly requestId: string; readonly reason: FailureReason | null }
  | { readonly type: "SettleStop" }
  | { readonly type: "Publish"; readonly announcement: Announcement }
  | { readonly type: "Note"; readonly level: "debug" | "warn" | "error"; readonly message: string };
