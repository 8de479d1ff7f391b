// What a probe shows while it runs and when it has stopped. Instants are milliseconds since the epoch, as Date.now().

import type { LostRequests, ProbeConnections } from "./connections.ts";
import type { Failure } from "./exchange.ts";

/** One request without an answer that counts. */
export interface ProbeError extends Failure {
  readonly sentAtMs: number;
  readonly failedAtMs: number;
}

/** One version, as its answers showed it. */
export interface SeenVersion {
  readonly version: string;
  readonly answers: number;
  /** When the first and the last request that it answered were sent. */
  readonly firstSentAtMs: number;
  readonly lastSentAtMs: number;
}

/** Milliseconds from sending to the whole body, over all answers with any status; 0 when there was none. */
export interface ProbeLatency {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Counts so far. */
export interface ProbeSnapshot {
  /** Ended, well or not. */
  readonly requests: number;
  /** Sent and not yet ended. */
  readonly inFlight: number;
  readonly errors: number;
  /** Good answers, versions in the order in which they first appeared. */
  readonly byVersion: Readonly<Record<string, number>>;
}

/** What a stopped probe has seen. Every request that was sent is in it: `requests` = answers of all versions + errors. */
export interface ProbeReport {
  readonly requests: number;
  readonly durationMs: number;
  /** The first 1,000; `errorsByKind` counts all. */
  readonly errors: readonly ProbeError[];
  readonly errorsByKind: Readonly<Record<string, number>>;
  /** Those of them that got no whole answer. */
  readonly lost: LostRequests;
  readonly connections: ProbeConnections;
  /** With `webSocket`: how many closes of each code, by either side: 1000 (the probe's own), 1001 going away, 1006 without a
   *  close frame, 1012 restart, ... */
  readonly webSocketCloses: Readonly<Record<string, number>>;
  /** Good answers (status 101 or 200 to 299 with a version). */
  readonly byVersion: Readonly<Record<string, number>>;
  /** In the order in which they first appeared. */
  readonly versions: readonly SeenVersion[];
  readonly latency: ProbeLatency;
  /**
   * Answers of another version than `expected` whose request was sent after `dateMs`; exact.
   * @param dateMs   `Date.now()` (requests of that same millisecond do not count) or `probe.mark()`.
   * @param expected default: the version that answered the request sent last. Give it to catch as well a deploy
   *                 that changed nothing.
   */
  readonly staleAfter: (dateMs: number, expected?: string) => number;
}
