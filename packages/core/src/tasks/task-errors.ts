// The sentences of the pool's errors: who, what happened with numbers, what to do.

import { ERROR_CATALOGUE, type ErrorCode, PoolError } from "../errors.ts";
import { textOf } from "../link/described.ts";
import type { FailureReason, Generation, SlotIndex, WorkerId } from "../machine/names.ts";

/** The worker an error is about. */
export interface ErrorSite {
  readonly worker: WorkerId;
  readonly slot: SlotIndex;
  readonly generation: Generation;
  readonly pid: number | null;
  readonly threadId: number | null;
}

export interface WorkerEndReport {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly isOutOfMemory: boolean;
  readonly reason: FailureReason | null;
}

const siteName = (site: ErrorSite): string =>
  `worker=${site.worker} slot=${site.slot} gen=${site.generation}`;

export function workerExited(site: ErrorSite, end: WorkerEndReport, attempts: number): PoolError {
  const { exitCode, signal, isOutOfMemory, reason } = end;
  const how = isOutOfMemory
    ? "ran out of memory"
    : signal === null
      ? `exited with code ${exitCode}`
      : `was ended by ${signal}`;
  const why = reason === null ? "" : ` ${reason.message}`;
  return new PoolError(
    "BROOD_WORKER_EXITED",
    `${siteName(site)} ${how} while this task was with it.${why} Give run() \`retries\` if the task may run again.`,
    {
      details: { ...site, exitCode, signal, oom: isOutOfMemory, attempts, stderr: reason?.stderr ?? "" },
      ...(reason === null ? {} : { cause: errorOfReason(reason) }),
    },
  );
}

export function taskTimeout(site: ErrorSite, name: string, timeoutMs: number): PoolError {
  const message = `${siteName(site)} task ${name} had not ended ${timeoutMs} ms after it was sent there. Raise timeoutMs, or look for what keeps it.`;
  return new PoolError("BROOD_TASK_TIMEOUT", message, { details: { ...site, name, timeoutMs } });
}

export function taskAborted(site: ErrorSite | null, name: string, reason: unknown): PoolError {
  const where = site === null ? "while it waited" : `while it was with ${siteName(site)}`;
  return new PoolError("BROOD_TASK_ABORTED", `task ${name} was aborted ${where}.`, {
    details: { ...site, name },
    cause: reason,
  });
}

export function taskCleared(): PoolError {
  return new PoolError("BROOD_TASK_ABORTED", "the pool was cleared while this task waited.");
}

export function queueFull(maxQueue: number): PoolError {
  const message = `${maxQueue} tasks wait already (maxQueue). ${ERROR_CATALOGUE.BROOD_QUEUE_FULL}`;
  return new PoolError("BROOD_QUEUE_FULL", message, { details: { maxQueue } });
}

export function poolClosed(what: string): PoolError {
  return new PoolError("BROOD_CLOSED", `${what}: the pool was closed; create a new one.`);
}

/** It was for that worker alone. */
export function workerLeaves(name: string): PoolError {
  const message = `task ${name} was for one worker, which leaves. Run it on those that are ready by then.`;
  return new PoolError("BROOD_WORKER_EXITED", message, { details: { name } });
}

export function unreadableMessage(worker: WorkerId, reason: unknown): PoolError {
  const message = `worker=${worker} sent a message that cannot be read here: ${textOf(reason)}. ${ERROR_CATALOGUE.BROOD_NOT_CLONEABLE}`;
  return new PoolError("BROOD_NOT_CLONEABLE", message, { details: { what: "message", worker } });
}

export function notCloneable(what: "task" | "result", name: string, cause: unknown): PoolError {
  const message = `the ${what} of ${name} cannot be sent: ${textOf(cause)}. ${ERROR_CATALOGUE.BROOD_NOT_CLONEABLE}`;
  return new PoolError("BROOD_NOT_CLONEABLE", message, { details: { what, name }, cause });
}

export function noSuchTask(name: string, known: readonly string[]): PoolError {
  const accepted = `a function that the task file exports: ${known.join(", ")}`;
  return new PoolError("BROOD_BAD_OPTION", `option name: got ${JSON.stringify(name)}, expected ${accepted}`, {
    details: { option: "name", value: name, accepted },
  });
}

/** A reason of the machine as an error, with everything known. */
export function errorOfReason(reason: FailureReason): PoolError {
  const isKnown = (code: string): code is ErrorCode => Object.hasOwn(ERROR_CATALOGUE, code);
  const code = isKnown(reason.code) ? reason.code : "BROOD_WORKER_EXITED";
  return new PoolError(code, reason.message, { details: { ...reason } });
}

/** Marks an error that a task threw with where it was thrown. Not enumerable: the error stays what it was. */
export function markSite(error: unknown, site: ErrorSite): unknown {
  if (error instanceof Error && Object.isExtensible(error)) {
    Object.defineProperty(error, "brood", { value: Object.freeze({ ...site }), enumerable: false });
  }
  return error;
}
