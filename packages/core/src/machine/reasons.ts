// Sentences for what went wrong: who first (worker, slot, generation), then what happened with numbers, then what to
// do. One place, so that logs, results and errors say the same.

import type { SpawnFailed } from "./events.ts";
import type { FailureReason, Generation } from "./names.ts";
import type { Worker } from "./registry.ts";
import type { Template } from "./template-registry.ts";

export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stderr: string;
}

/** A worker, or a template: it boots, reports, goes silent and dies as one. */
type Subject = Worker | Template;

/** `worker=w12 slot=3 gen=2`, `template=t2 gen=2` */
export function nameOf(subject: Subject): string {
  if (!("slot" in subject)) return `template=${subject.id} gen=${subject.generation}`;
  const worker = subject;
  return `worker=${worker.id} slot=${worker.slot} gen=${worker.generation}`;
}

export function bootTimeout(worker: Subject, bootTimeoutMs: number): FailureReason {
  return reason(
    worker,
    "BROOD_BOOT_TIMEOUT",
    `did not report ready within ${bootTimeoutMs} ms. Raise bootTimeoutMs, or look for what the entry, warmup or onWorkerBoot waits for.`,
  );
}

export function drainTimeout(worker: Worker, drainTimeoutMs: number): FailureReason {
  return reason(
    worker,
    "BROOD_DRAIN_TIMEOUT",
    `had not finished its work within ${drainTimeoutMs} ms and was killed. Raise drainTimeoutMs, or end long responses and sockets when ctx.signal aborts.`,
  );
}

export function heartbeatTimeout(worker: Subject, silentMs: number): FailureReason {
  return reason(
    worker,
    "BROOD_HEARTBEAT_TIMEOUT",
    `sent no heartbeat for ${Math.round(silentMs)} ms and was killed. Look for what blocks its event loop, or raise heartbeatTimeoutMs.`,
  );
}

export function mismatch(worker: Subject, claim: string): FailureReason {
  return reason(worker, "BROOD_GENERATION_MISMATCH", `reported ${claim} instead, and was killed.`);
}

export function releaseChanged(worker: Subject, found: string): FailureReason {
  return reason(
    worker,
    "BROOD_RELEASE_CHANGED",
    `found other files than its generation pinned (fingerprint ${found}, pinned ${worker.release.fingerprint}) in ${worker.release.entry}. Deploy into a new folder, or restart after changing files in place.`,
  );
}

export function violation(worker: Subject, detail: string): FailureReason {
  return reason(worker, "BROOD_PROTOCOL", `broke the link's protocol: ${detail}. It was killed.`);
}

export function spawnFailed(worker: Subject, { code, message }: SpawnFailed): FailureReason {
  return reason(worker, code, `could not be started: ${message}`);
}

/** What the worker said before it went. */
export function confessed(worker: Subject, code: string, message: string): FailureReason {
  return reason(worker, code, message);
}

/** It ended unasked and without a word. */
export function exitedUnasked(
  worker: Worker,
  end: ProcessEnd,
  uptimeMs: number | null,
  early: boolean,
): FailureReason {
  const how = end.signal === null ? `exited with code ${end.exitCode}` : `was ended by ${end.signal}`;
  if (uptimeMs === null) return reason(worker, "BROOD_BOOT_FAILED", `${how} before it was ready.`);
  const when = `${how} ${Math.round(uptimeMs)} ms after it was ready.`;
  return reason(worker, early ? "BROOD_UNHEALTHY" : "BROOD_WORKER_EXITED", when);
}

/** A template ended unasked and without a word. */
export function templateExited(template: Template, end: ProcessEnd): FailureReason {
  const how = end.signal === null ? `exited with code ${end.exitCode}` : `was ended by ${end.signal}`;
  if (template.readyAtMs === null)
    return reason(template, "BROOD_BOOT_FAILED", `${how} before it was ready.`);
  return reason(template, "BROOD_TEMPLATE_EXITED", `${how}; it is built again from its pinned release.`);
}

/** Its workers fail one after the other: what it was copied from may be broken, not the release. */
export function templateDiscarded(template: Template): FailureReason {
  return reason(
    template,
    "BROOD_TEMPLATE_DISCARDED",
    `was thrown away: ${template.forkFailures} workers forked from it in a row failed early. It is built again from its pinned release.`,
  );
}

/** It began to drain unasked, soon after it was ready. */
export function leftEarly(worker: Worker, uptimeMs: number): FailureReason {
  const what = `left on its own ${Math.round(uptimeMs)} ms after it was ready.`;
  return reason(worker, "BROOD_UNHEALTHY", what);
}

export function signalledInBoot(worker: Worker): FailureReason {
  return reason(worker, "BROOD_BOOT_FAILED", "was sent SIGTERM before it was ready.");
}

/** The file system did not answer. */
export function resolveTimeout(generation: Generation, timeoutMs: number): FailureReason {
  const what = `gen=${generation} its entry was not found within ${timeoutMs} ms (bootTimeoutMs).`;
  const hint = "Look for a file system that does not answer.";
  return { code: "BROOD_RELEASE_NOT_FOUND", message: `${what} ${hint}` };
}

/** It answers worse than the code it is to replace. */
export function regressed(
  canary: Worker | undefined,
  generation: Generation,
  regression: string,
): FailureReason {
  const hint = "Compare the two releases, or change the option canary.";
  const message = `gen=${generation} ${regression} ${hint}`;
  return { code: "BROOD_CANARY_REGRESSED", message, ...(canary === undefined ? {} : { slot: canary.slot }) };
}

/** Nobody can go back to it: it never completed, or that was too long ago. */
export function generationUnknown(generation: Generation, known: readonly Generation[]): FailureReason {
  const what = `gen=${generation} is none that a restart can go back to.`;
  const hint = `There are ${known.length === 0 ? "none yet" : known.join(", ")}.`;
  return { code: "BROOD_GENERATION_UNKNOWN", message: `${what} ${hint}` };
}

/** The reason together with how the process ended. */
export function withEnd(cause: FailureReason, end: ProcessEnd): FailureReason {
  const { code, message, slot } = cause;
  const { exitCode, signal, stderr } = end;
  if (slot === undefined) return { code, message, exitCode, signal, stderr };
  return { code, message, slot, exitCode, signal, stderr };
}

export const ROLL_STOPPED: FailureReason = {
  code: "BROOD_ROLL_STOPPED",
  message: "The service was stopped before this had ended. Start it again, then repeat it.",
};

function reason(subject: Subject, code: string, what: string): FailureReason {
  const message = `${nameOf(subject)} ${what}`;
  return "slot" in subject ? { code, message, slot: subject.slot } : { code, message };
}
