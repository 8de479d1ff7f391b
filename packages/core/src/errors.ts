// Operating errors are values of one class, matched by `code`. The catalogue is the contract: ERRORS.md is
// tested against it. A message says who, what happened with numbers and units, and what to do.
// What cannot happen is an `invariant()` of the machine and surfaces as BROOD_BUG.

import { textOf } from "./link/described.ts";

export { withoutRepeat } from "./machine/failure-words.ts";
export { explainSpawnFailure, type SpawnFailure } from "./spawn-failure.ts";

/** Every code, with what to do about it (the same sentence stands in ERRORS.md). */
export const ERROR_CATALOGUE: Readonly<Record<ErrorCode, string>> = {
  BROOD_ADDRESS_IN_USE: "Stop the program that listens there, or listen on another address.",
  BROOD_ADDRESS_UNAVAILABLE: "Listen on an address of this machine that this user may bind.",
  BROOD_BAD_OPTION: "Correct the option that the message names; it also says what is accepted.",
  BROOD_BOOT_FAILED:
    "Read the reason and the last lines of stderr: the entry, warmup or onWorkerBoot threw or exited.",
  BROOD_BOOT_TIMEOUT: "Raise bootTimeoutMs, or look for what the entry, warmup or onWorkerBoot waits for.",
  BROOD_BUG:
    "Report it with the message: an assumption inside Brood did not hold. Its own workers were stopped.",
  BROOD_CALLBACK_FAILED:
    "Mend the callback that the message names: what it threw or returned is in there. Brood went on as its docs say.",
  BROOD_CANARY_REGRESSED:
    "Compare the two releases: the new one answers with more errors or more slowly. The option canary sets the limits.",
  BROOD_CLOSED: "Do not use a service after stop(); create a new one.",
  BROOD_CONTROL_FAILED: "Check that the server runs and that --name or --control points at it.",
  BROOD_DRAIN_TIMEOUT: "Raise drainTimeoutMs, or end long responses and sockets when ctx.signal aborts.",
  BROOD_EFFECT_FAILED:
    "Read the cause: something that the engine had decided could not be done. Its deadlines go on; report it.",
  BROOD_GENERATION_MISMATCH:
    "Report it: a worker came up as another worker or generation than asked for, and was killed.",
  BROOD_GENERATION_UNKNOWN:
    "Go back to one of the generations that the message lists, or restart to the path of its entry.",
  BROOD_HEALTH_CHECK:
    "Read what the check said; it runs in the worker before it serves, and for minHealthyMs after.",
  BROOD_HEARTBEAT_TIMEOUT: "Look for what blocks the worker's event loop, or raise heartbeatTimeoutMs.",
  BROOD_NEEDS_START:
    "Stop the server and start it again for the option that the message names, or put its old value back.",
  BROOD_NOTHING_SERVED:
    "Export the application (export default app, module.exports = app), or call listen(); the message says what was found.",
  BROOD_NOT_CLONEABLE:
    "Pass and return what structured clone can carry: no functions, no sockets; move() what is transferable.",
  BROOD_PROTOCOL: "Run the same version of Brood on both ends, and leave the worker's IPC channel to it.",
  BROOD_QUEUE_FULL: "Wait for the pool's drain event before the next run(), use map(), or raise maxQueue.",
  BROOD_RELEASE_CHANGED:
    "Deploy into a new folder, or restart after changing files in place; onReleaseChanged decides.",
  BROOD_RELEASE_NOT_FOUND:
    "Give an entry file that exists and that this user can read, and a working directory that exists.",
  BROOD_ROLL_STOPPED: "The service was stopped during the restart; start it again, then restart.",
  BROOD_SPAWN_FAILED:
    "The message says what the operating system meant: a limit (processes, memory, descriptors), or a path that is gone.",
  BROOD_TASK_ABORTED: "Nothing, if the abort was yours: error.cause is the signal's reason.",
  BROOD_TASK_TIMEOUT: "Raise timeoutMs or taskTimeoutMs, or look for what keeps the task from ending.",
  BROOD_TEMPLATE_DISCARDED:
    "Read the workers' own failures: so many in a row from one template; it is built again.",
  BROOD_TEMPLATE_EXITED: "Read its exit code, signal and stderr; it is built again from the pinned release.",
  BROOD_TEMPLATE_UNSAFE: "Open what the message names in onWorkerBoot, or close it in beforeFork.",
  BROOD_TEMPLATE_UNSUPPORTED: "Do what the message says, or use spawn: fresh.",
  BROOD_UNAVAILABLE:
    "Look at `brood status` for why no worker was ready; raise holdTimeoutMs, maxHeld or workers.",
  BROOD_UNHEALTHY:
    "The worker died soon after it was ready: read its exit code and the last lines of stderr.",
  BROOD_WORKER_EXITED: "Read the exit code, signal and stderr; the slot was filled again.",
};

export type ErrorCode =
  | "BROOD_ADDRESS_IN_USE"
  | "BROOD_ADDRESS_UNAVAILABLE"
  | "BROOD_BAD_OPTION"
  | "BROOD_BOOT_FAILED"
  | "BROOD_BOOT_TIMEOUT"
  | "BROOD_BUG"
  | "BROOD_CALLBACK_FAILED"
  | "BROOD_CANARY_REGRESSED"
  | "BROOD_CLOSED"
  | "BROOD_CONTROL_FAILED"
  | "BROOD_DRAIN_TIMEOUT"
  | "BROOD_EFFECT_FAILED"
  | "BROOD_GENERATION_MISMATCH"
  | "BROOD_GENERATION_UNKNOWN"
  | "BROOD_HEALTH_CHECK"
  | "BROOD_HEARTBEAT_TIMEOUT"
  | "BROOD_NEEDS_START"
  | "BROOD_NOTHING_SERVED"
  | "BROOD_NOT_CLONEABLE"
  | "BROOD_PROTOCOL"
  | "BROOD_QUEUE_FULL"
  | "BROOD_RELEASE_CHANGED"
  | "BROOD_RELEASE_NOT_FOUND"
  | "BROOD_ROLL_STOPPED"
  | "BROOD_SPAWN_FAILED"
  | "BROOD_TASK_ABORTED"
  | "BROOD_TASK_TIMEOUT"
  | "BROOD_TEMPLATE_DISCARDED"
  | "BROOD_TEMPLATE_EXITED"
  | "BROOD_TEMPLATE_UNSAFE"
  | "BROOD_TEMPLATE_UNSUPPORTED"
  | "BROOD_UNAVAILABLE"
  | "BROOD_UNHEALTHY"
  | "BROOD_WORKER_EXITED";

/** The one error class. `details` holds what a program needs (option, worker, slot, exitCode, ...). */
export class PoolError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly details?: Readonly<Record<string, unknown>>; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "PoolError";
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** An option that cannot be used: names it, its value, and what is accepted. */
export function badOption(option: string, value: unknown, accepted: string): PoolError {
  return new PoolError("BROOD_BAD_OPTION", `option ${option}: got ${show(value)}, expected ${accepted}`, {
    details: { option, value, accepted },
  });
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "object" && value !== null) return isArray(value) ? "an array" : "an object";
  return textOf(value);
}

/** A proxy that was revoked cannot be asked. */
function isArray(value: object): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}
