// No stale code, as clients saw it: after an instant every answer came from one version. An instant after which nobody
// asked proves nothing, so that is no pass either.

import type { ProbeReport, SeenVersion } from "../probe/report.ts";
import { counted, type Verdict } from "./verdict.ts";

const LOOK_AT =
  "Look at server.stats().workers: generation (reported) against requestedGeneration, and at what stands between client and server (a proxy, a cache).";

/** @param sinceMs  `probe.mark()` or `Date.now()`; 0: from the beginning, so one version all the time.
 *  @param version  that must have answered; default the one that answered the request sent last. */
export function judgeStaleAnswers(report: ProbeReport, sinceMs = 0, version?: string): Verdict {
  const expected = version ?? newestOf(report)?.version ?? "";
  const when = sinceMs === 0 ? "" : ` to requests sent after ${instant(sinceMs)}`;
  const wanted = `expected answers of version ${JSON.stringify(expected)} only${when}`;
  const stale = report.staleAfter(sinceMs, expected);
  const asked = report.staleAfter(sinceMs, NOBODY);
  if (asked === 0) {
    const hint = "That proves nothing: let the probe go on first, for instance await probe.more(100).";
    return { pass: false, message: `${wanted}, but no request sent then was answered. ${hint}` };
  }
  if (stale === 0) return { pass: true, message: `${wanted}, and saw ${counted(asked, "of them")}` };
  const lines = report.versions.map((each) => `  ${lineOf(each, sinceMs)}`);
  const seen = `${wanted}, but ${stale} of ${counted(asked, "answer")} came from another:`;
  return { pass: false, message: [seen, ...lines, LOOK_AT].join("\n") };
}

/** No version is called so: `versionOf` never gives an empty one. */
const NOBODY = "";

function newestOf({ versions }: ProbeReport): SeenVersion | undefined {
  return [...versions].sort((a, b) => b.lastSentAtMs - a.lastSentAtMs)[0];
}

function lineOf({ version, answers, lastSentAtMs }: SeenVersion, sinceMs: number): string {
  const after = Math.round(lastSentAtMs - sinceMs);
  const side = after >= 0 ? `${after} ms after` : `${-after} ms before`;
  const last = sinceMs === 0 ? instant(lastSentAtMs) : side;
  return `version ${JSON.stringify(version)}: ${counted(answers, "answer")}, the last one to a request sent ${last}`;
}

function instant(atMs: number): string {
  return new Date(atMs).toISOString();
}
