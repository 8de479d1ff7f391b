// Is a worker who it was ordered to be? The generation is a fact that the worker reports, never a label that the
// supervisor wrote on it: the one check whose absence kept Puma answering with old code.

import type { Report, TemplateReport } from "./events.ts";
import type { Worker } from "./registry.ts";
import type { Template } from "./template-registry.ts";

/** Null when the report is what was asked for, else what the worker claims to be. */
export function identifies(worker: Worker, report: Report): string | null {
  const isRight =
    report.worker === worker.id &&
    report.generation === worker.generation &&
    report.release.entry === worker.release.entry;
  return isRight ? null : `worker=${report.worker} gen=${report.generation} entry=${report.release.entry}`;
}

/** The same for a template. It also refuses by itself to fork for another generation than its own. */
export function identifiesTemplate(template: Template, report: TemplateReport): string | null {
  const isRight =
    report.template === template.id &&
    report.generation === template.generation &&
    report.release.entry === template.release.entry;
  return isRight
    ? null
    : `template=${report.template} gen=${report.generation} entry=${report.release.entry}`;
}
