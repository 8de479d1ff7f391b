// Is a worker who it was ordered to be? The generation is a fact that the worker reports, never a label that the
// supervisor wrote on it: the one check whose absence kept Puma answering with old code.

import type { Report } from "./events.ts";
import type { Worker } from "./registry.ts";

/** Null when the report is what was asked for, else what the worker claims to be. */
export function identifies(worker: Worker, report: Report): string | null {
  const isRight =
    report.worker === worker.id &&
    report.generation === worker.generation &&
    report.release.entry === worker.release.entry;
  return isRight ? null : `worker=${report.worker} gen=${report.generation} entry=${report.release.entry}`;
}
