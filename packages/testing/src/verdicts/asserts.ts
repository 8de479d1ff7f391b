// The verdicts for node:test and any other runner: they throw an AssertionError.

import type { ProbeReport } from "../probe/report.ts";
import { type CapacityRecorder, judgeCapacity } from "./capacity.ts";
import { judgeDropped } from "./dropped.ts";
import { judgeStaleAnswers } from "./stale-answers.ts";
import { assertVerdict } from "./verdict.ts";

/** Every answer to a request sent after `sinceMs` came from `version`, and there was one.
 *  @param sinceMs  `probe.mark()` or `Date.now()`; default 0: since the probe began.
 *  @param version  default the one that answered the request sent last. Give it to catch a deploy that changed nothing.
 *  @throws AssertionError with the numbers by version. */
export function assertNoStaleAnswers(report: ProbeReport, sinceMs?: number, version?: string): void {
  assertVerdict(judgeStaleAnswers(report, sinceMs, version), "assertNoStaleAnswers");
}

/** Every request had a good answer. @throws AssertionError with the errors by kind. */
export function assertDroppedNothing(report: ProbeReport): void {
  assertVerdict(judgeDropped(report), "assertDroppedNothing");
}

/** There were never fewer than `atLeast` ready workers; default the number wanted when recording began.
 *  @throws AssertionError with when and why there were. */
export function assertCapacity(recorder: CapacityRecorder, atLeast?: number): void {
  assertVerdict(judgeCapacity(recorder, atLeast), "assertCapacity");
}
