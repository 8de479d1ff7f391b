// Counts outcomes. Bounded: 8 bytes for each good answer (see SentTimes), a histogram for latencies, a limited list
// of errors and a limited number of versions.

import { createHistogram } from "node:perf_hooks";
import type { ConnectionCounts, LostKind } from "./connections.ts";
import type { Failure, Outcome, ProbeResponse } from "./exchange.ts";
import type { ProbeError, ProbeLatency, ProbeReport, ProbeSnapshot } from "./report.ts";
import { SentTimes } from "./sent-times.ts";
import { wallClockMs } from "./wall-clock.ts";

/** Enough to see what happened; a server that refuses for an hour must not fill the memory. */
const ERRORS_LISTED_MAX = 1_000;
/** More means that `versionOf` returns something else than a version: a date, an id of the request. */
const VERSIONS_MAX = 1_000;

export class Tally {
  readonly #versionOf: (response: ProbeResponse) => string;
  readonly #versions = new Map<string, SentTimes>();
  readonly #errors: ProbeError[] = [];
  readonly #errorsByKind = new Map<string, number>();
  /** Microseconds: a histogram takes whole numbers from 1. */
  readonly #latency = createHistogram({ figures: 3 });
  readonly #startedAtMs = performance.now();
  readonly #lost: Record<LostKind, number> = {
    unconnected: 0,
    onNewConnection: 0,
    onKeptConnection: 0,
    cutOff: 0,
    timedOut: 0,
  };
  readonly #connections: ConnectionCounts;
  #requests = 0;
  #errorCount = 0;

  constructor(versionOf: (response: ProbeResponse) => string, connections: ConnectionCounts) {
    this.#versionOf = versionOf;
    this.#connections = connections;
  }

  /** Counts one request; false when it was not a good answer. */
  record(outcome: Outcome, sentAtMs: number, latencyMs: number): boolean {
    this.#requests += 1;
    if ("failure" in outcome) return this.#fail(outcome.failure, sentAtMs);
    const { response } = outcome;
    this.#latency.record(Math.max(1, Math.round(latencyMs * 1_000)));
    if (!isGood(response.status)) return this.#fail(statusFailure(response), sentAtMs);
    try {
      this.#timesOf(this.#versionOf(response), response).add(sentAtMs);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return this.#fail({ kind: "version", message }, sentAtMs);
    }
    return true;
  }

  snapshot(inFlight: number): ProbeSnapshot {
    return Object.freeze({
      requests: this.#requests,
      inFlight,
      errors: this.#errorCount,
      byVersion: this.#byVersion(),
    });
  }

  report(): ProbeReport {
    const versions = [...this.#versions].map(([version, times]) =>
      Object.freeze({
        version,
        answers: times.count,
        firstSentAtMs: times.firstAtMs,
        lastSentAtMs: times.lastAtMs,
      }),
    );
    const newest = versions.reduce((last, each) => (each.lastSentAtMs > last.lastSentAtMs ? each : last), {
      version: "",
      lastSentAtMs: Number.NEGATIVE_INFINITY,
    });
    return Object.freeze({
      requests: this.#requests,
      durationMs: performance.now() - this.#startedAtMs,
      errors: Object.freeze([...this.#errors]),
      errorsByKind: Object.freeze(Object.fromEntries(this.#errorsByKind)),
      lost: Object.freeze({ ...this.#lost }),
      connections: this.#connections.snapshot(),
      webSocketCloses: this.#connections.webSocketCloses(),
      byVersion: this.#byVersion(),
      versions: Object.freeze(versions),
      latency: this.#percentiles(),
      staleAfter: (dateMs: number, expected: string = newest.version) => this.#staleAfter(dateMs, expected),
    });
  }

  #staleAfter(dateMs: number, expected: string): number {
    let stale = 0;
    for (const [version, times] of this.#versions)
      if (version !== expected) stale += times.countAfter(dateMs);
    return stale;
  }

  #timesOf(version: unknown, response: ProbeResponse): SentTimes {
    if (typeof version !== "string" || version === "")
      throw new TypeError(
        `versionOf returned ${typeof version === "string" ? "an empty string" : typeof version} ` +
          `for the body ${JSON.stringify(response.body.slice(0, 80))}, expected a version`,
      );
    const known = this.#versions.get(version);
    if (known !== undefined) return known;
    if (this.#versions.size === VERSIONS_MAX)
      throw new RangeError(
        `more than ${VERSIONS_MAX} versions, the latest ${JSON.stringify(version.slice(0, 80))}: check versionOf`,
      );
    const times = new SentTimes();
    this.#versions.set(version, times);
    return times;
  }

  #fail(failure: Failure, sentAtMs: number): false {
    this.#errorCount += 1;
    if (failure.lost !== undefined) this.#lost[failure.lost] += 1;
    this.#errorsByKind.set(failure.kind, (this.#errorsByKind.get(failure.kind) ?? 0) + 1);
    if (this.#errors.length < ERRORS_LISTED_MAX)
      this.#errors.push(Object.freeze({ ...failure, sentAtMs, failedAtMs: wallClockMs() }));
    return false;
  }

  #byVersion(): Readonly<Record<string, number>> {
    return Object.freeze(
      Object.fromEntries([...this.#versions].map(([version, times]) => [version, times.count])),
    );
  }

  #percentiles(): ProbeLatency {
    if (this.#latency.count === 0) return Object.freeze({ p50: 0, p90: 0, p99: 0, max: 0 });
    const at = (percent: number) => this.#latency.percentile(percent) / 1_000;
    return Object.freeze({ p50: at(50), p90: at(90), p99: at(99), max: this.#latency.max / 1_000 });
  }
}

/** 101: a message over a WebSocket. */
function isGood(status: number): boolean {
  return status === 101 || (status >= 200 && status <= 299);
}

function statusFailure(response: ProbeResponse): Failure {
  const excerpt = JSON.stringify(response.body.slice(0, 200));
  return { kind: `status-${response.status}`, message: `answered ${response.status} ${excerpt}` };
}
