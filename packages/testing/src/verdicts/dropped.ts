// Nothing dropped, as clients saw it: every request that was sent got a good answer.

import type { ProbeReport } from "../probe/report.ts";
import { count, counted, type Verdict } from "./verdict.ts";

/** Enough to see a pattern. */
const SHOWN_MAX = 5;

export function judgeDropped(report: ProbeReport): Verdict {
  const { requests, errors, errorsByKind } = report;
  const wanted = "expected a good answer to every request";
  if (requests === 0) return { pass: false, message: `${wanted}, but none was sent` };
  const failed = Object.values(errorsByKind).reduce((sum, each) => sum + each, 0);
  if (failed === 0) return { pass: true, message: `${wanted}, and ${count(requests)} had one` };
  const kinds = Object.entries(errorsByKind).map(([kind, times]) => `${kind} ${count(times)}`);
  const shown = errors.slice(0, SHOWN_MAX).map(({ kind, message, sentAtMs }) => {
    return `  ${kind}: ${message} (sent at ${new Date(sentAtMs).toISOString()})`;
  });
  const seen = `${wanted}, but ${count(failed)} of ${counted(requests, "request")} had none: ${kinds.join(", ")}`;
  const lookAt = "Look at server.logs(): which worker ended then, and whether it was asked to.";
  return { pass: false, message: [seen, ...shown, lookAt].join("\n") };
}
