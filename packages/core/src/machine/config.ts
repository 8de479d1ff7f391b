// What the machine is told once. The shell validates; the machine trusts.

import type { Milliseconds } from "./names.ts";

export interface MachineConfig {
  /** Slots wanted, 1 or more. */
  readonly desired: number;
  /** The start is over when so many are ready; default: all that are wanted by then. A task pool grows while it starts, and
   *  tasks that end their workers must not look like a release that does not start. */
  readonly startsWith?: number;
  readonly bootTimeoutMs: Milliseconds;
  readonly minHealthyMs: Milliseconds;
  readonly drainTimeoutMs: Milliseconds;
  readonly heartbeatTimeoutMs: Milliseconds;
  /** Ask a silent worker before it is judged: task workers may be deep in a task. Default false. */
  readonly asksTheSilent?: boolean;
  /** A worker that was ready for so long wipes its slot's failures. Default 30_000; task workers prove themselves sooner. */
  readonly failuresForgottenAfterMs?: Milliseconds;
  /** Slots that may have an incoming worker beside a current one. */
  readonly maxSurge: number;
  /** Ready workers that a replacement may take away before its successor is ready. */
  readonly maxUnavailable: number;
  readonly maxFailures: number;
  /** Workers that may boot at the same time. */
  readonly bootConcurrency: number;
  readonly onReleaseChanged: "warn" | "refuse";
  /** Workers are forked from a template; null: each is a fresh process. */
  readonly template: {
    /** What a spawn does while its generation's template has to be rebuilt: load the release itself, or wait. */
    readonly fallback: "fresh" | "wait";
    /** Workers of one template that fail early in a row until it is thrown away, 1 or more. */
    readonly failuresMax: number;
  } | null;
  readonly recycle: {
    readonly requests: number | null;
    readonly jitter: number;
    readonly memoryBytes: number | null;
    readonly ageMs: Milliseconds | null;
    /** How late timers may be (p99), three heartbeats in a row. */
    readonly eventLoopDelayMs: Milliseconds | null;
  };
  /** Null: a canary has only to stay alive. */
  readonly canary: CanaryConfig | null;
}

/** How the answers of both generations are compared. */
export interface CanaryConfig {
  /** So many of each generation, 1 or more. */
  readonly requests: number;
  /** 0...1: how much larger the new share of 5xx may be. */
  readonly maxErrorRateIncrease: number;
  /** 1 or more: how many times the old p95 the new one may be. */
  readonly maxLatencyRatio: number;
  /** With too few requests by then the roll goes on. */
  readonly timeoutMs: Milliseconds;
}

/** A killed process that has not ended after so long is killed again and reported: SIGKILL is not refused, only late. */
export const KILL_AGAIN_AFTER_MS = 5_000;

/** So long has a silent worker to say what it is doing before it is killed: its stack takes 1 ms, but on a starved host
 *  its second thread has to get a turn first (100 ms were not always enough on two cores with a load of 16). */
export const EXAMINE_MS = 250;

/** Respawn back-off: full jitter under 100 ms, doubled for each further failure, at most 30 s. */
export const BACK_OFF_BASE_MS = 100;
export const BACK_OFF_CAP_MS = 30_000;

/** `failuresForgottenAfterMs` unless it is given. */
export const FAILURES_FORGOTTEN_AFTER_MS = 30_000;

/** Deadlines noticed so late mean that the supervisor itself stood still (stopped, suspended, starved). */
export const STALL_MS = 500;

/** A worker that was sent TERM goes on for so long. When its whole process group was, the stop follows at once and decides; a
 *  replacement started in between would only be killed. */
export const LEFT_PAUSE_MS = 100;
