// Is the new generation worse than the old one, by what both have answered over the same time? Pure: figures in, a sentence
// or null out. Too few answers say nothing either way.

import type { AnswerFigures } from "./answers.ts";
import type { CanaryConfig } from "./config.ts";

/** A p95 that is worse by less than this is noise of the host: twice 0.4 ms is not a regression. */
const LATENCY_NOISE_MS = 5;

/** Have both generations answered often enough to be compared? */
export function isTelling(config: CanaryConfig, from: AnswerFigures, to: AnswerFigures): boolean {
  return from.requests >= config.requests && to.requests >= config.requests;
}

/** What got worse, with the figures; null when nothing did. */
export function regressionOf(config: CanaryConfig, from: AnswerFigures, to: AnswerFigures): string | null {
  if (to.errorRate > from.errorRate + config.maxErrorRateIncrease) {
    return `answers ${percent(to.errorRate)} of ${to.requests} requests with 5xx, the old generation ${percent(from.errorRate)} of ${from.requests} (canary.maxErrorRateIncrease ${config.maxErrorRateIncrease}).`;
  }
  if (from.p95Ms === null || to.p95Ms === null) return null;
  const isSlower =
    to.p95Ms > from.p95Ms * config.maxLatencyRatio && to.p95Ms - from.p95Ms >= LATENCY_NOISE_MS;
  if (!isSlower) return null;
  return `has a p95 of ${to.p95Ms} ms over ${to.requests} requests, the old generation ${from.p95Ms} ms over ${from.requests} (canary.maxLatencyRatio ${config.maxLatencyRatio}).`;
}

function percent(share: number): string {
  return `${Math.round(share * 1_000) / 10} %`;
}
