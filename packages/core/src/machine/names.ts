// The words of the engine as types: identities, states, the pinned release, why something failed.
// Everything the pure machine and its shells exchange is built from these. All values are plain data, so that
// an event can be logged, replayed and sent over a link unchanged.

import type { CanaryView } from "./analysis.ts";

/** One incarnation of a worker. Never reused; pids are. */
export type WorkerId = `w${number}`;

/** One incarnation of a template. Never reused. */
export type TemplateId = `t${number}`;

/** The number in an id. Character by character: events are looked up by it, and this makes no other string. */
export function serialOf(id: WorkerId | TemplateId): number {
  let serial = 0;
  for (let index = 1; index < id.length; index += 1) serial = serial * 10 + id.charCodeAt(index) - 48;
  return serial;
}

/** A stable seat, 0-based. */
export type SlotIndex = number;

/** +1 for each restart asked for; never reused, also when the restart fails. The first generation is 1. */
export type Generation = number;

/** Milliseconds on a monotonic clock. Never wall-clock time: a stepped clock must not kill workers. */
export type Milliseconds = number;

/** What a generation runs. Entry and folder are resolved with realpath once, together, so that a symlink that moves
 *  cannot change them: each respawn of the generation uses these. */
export interface Release {
  readonly entry: string;
  readonly version: string | null;
  /** Working directory of its workers. */
  readonly folder: string;
  /** Of its code: names and contents, the same wherever and whenever they were copied. */
  readonly fingerprint: string;
  /** There is more code than the fingerprint is of. */
  readonly isTruncated?: boolean;
}

/** `held`: it has reported and boots, but is not admitted yet; `waiting`: so far it has booted, and has only to open.
 *  `lingering`: it drains and has answered everything; only idle connections are left. */
export type WorkerState =
  | "spawning"
  | "held"
  | "waiting"
  | "booting"
  | "ready"
  | "draining"
  | "lingering"
  | "killing"
  | "exited";

export type TemplateState = "spawning" | "booting" | "ready" | "killing" | "exited";

/** `current` serves its slot, `incoming` is to become current, `leaving` was current or is no longer wanted. */
export type WorkerRole = "current" | "incoming" | "leaving";

/** Why something failed: a code of the error catalogue, a sentence, and what is known of the process's end. */
export interface FailureReason {
  readonly code: string;
  readonly message: string;
  readonly slot?: SlotIndex;
  readonly exitCode?: number | null;
  readonly signal?: string | null;
  readonly stderr?: string;
}

export type RollOutcome = "completed" | "failed" | "superseded";

/** What became of one phased restart. */
export interface RollResult {
  readonly id: string;
  readonly from: Generation;
  readonly to: Generation;
  readonly result: RollOutcome;
  /** Slots whose current worker runs `to`. */
  readonly replaced: number;
  /** Old workers that did not end by their drain deadline. */
  readonly killed: number;
  /** Kept connections that went from draining workers to others while it ran. */
  readonly moved: number;
  readonly durationMs: Milliseconds;
  /** What the service ran before; null when it had not started. */
  readonly fromRelease: Release | null;
  /** What the restart was to; null when that was never found. */
  readonly toRelease: Release | null;
  /** The restart found nothing new: the same entry, folder, code and settings. */
  readonly unchanged: boolean;
  /** Options that were read anew and had another value than before, by name: "workers", "env.TZ". */
  readonly changed: readonly string[];
  /** With canary analysis: what both generations answered over the same time. */
  readonly canary?: CanaryView;
  readonly reason?: FailureReason;
}

/** `canary`: nobody else of the new generation serves. At the end of it the next ones boot already. */
export type RollStep = "resolving" | "template" | "canary" | "rolling" | "reverting";

/** What a worker says of itself in its heartbeat. Sizes in bytes; counts since the worker started. */
export interface Usage {
  readonly requests: number;
  readonly connections: number;
  readonly tasks: number;
  /** Of a process its resident set; of a thread its own heap and buffers. */
  readonly rssBytes: number;
  /** 0...1 since the last heartbeat. */
  readonly eventLoopUtilization: number;
  /** How late its timers were since the last heartbeat, p99; 0 unless it is measured. */
  readonly eventLoopDelayMs: Milliseconds;
}

export const NO_USAGE: Usage = {
  requests: 0,
  connections: 0,
  tasks: 0,
  rssBytes: 0,
  eventLoopUtilization: 0,
  eventLoopDelayMs: 0,
};
