// The verdicts as matchers for `expect.extend(matchers)`: vitest and jest share that interface.
// vitest users import "@brood/testing/vitest" instead, which extends `expect` and knows the types.

import type { ProbeReport } from "../probe/report.ts";
import { type CapacityRecorder, judgeCapacity } from "./capacity.ts";
import { judgeDropped } from "./dropped.ts";
import { judgeStaleAnswers } from "./stale-answers.ts";
import type { Verdict } from "./verdict.ts";

export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

export interface BroodMatchers {
  /** Every answer to a request sent after `sinceMs` came from `version` (see `assertNoStaleAnswers`). */
  toHaveNoStaleAnswers(report: ProbeReport, sinceMs?: number, version?: string): MatcherResult;
  /** Every request of the report had a good answer. */
  toHaveDroppedNothing(report: ProbeReport): MatcherResult;
  /** There were never fewer ready workers. */
  toKeepCapacity(recorder: CapacityRecorder, atLeast?: number): MatcherResult;
}

export const matchers: BroodMatchers = {
  toHaveNoStaleAnswers: (report, sinceMs, version) => resultOf(judgeStaleAnswers(report, sinceMs, version)),
  toHaveDroppedNothing: (report) => resultOf(judgeDropped(report)),
  toKeepCapacity: (recorder, atLeast) => resultOf(judgeCapacity(recorder, atLeast)),
};

/** The message is shown for a failure, and for a pass under `.not`. */
function resultOf({ pass, message }: Verdict): MatcherResult {
  return { pass, message: () => (pass ? `expected otherwise: ${message}` : message) };
}
