// The user's callbacks: one guard for all of them. A callback may throw anything, return a promise that rejects, a thenable whose
// `then` throws, or something else than it should. Then there is an `error` event with the callback's name
// (BROOD_CALLBACK_FAILED), what the docs of the callback say happens instead, and nothing else.
// Rule: nothing of a callback's answer is looked at outside of this file's `try`.

import { PoolError } from "./errors.ts";
import { textOf } from "./link/described.ts";
import { detached } from "./link/detached.ts";
import { attempt } from "./link/plain-copy.ts";
import type { LogFields, Logger } from "./ports/log.ts";

export { asError, textOf } from "./link/described.ts";
export { ignored } from "./link/detached.ts";
export { detached };

/** What a callback has to answer, and what counts when it does not. */
export interface Expected<Value> {
  /** Undefined: that is no answer to this callback. May throw. */
  read(answer: unknown): Value | undefined;
  /** In the words of an error message: "true or false". */
  readonly accepted: string;
  readonly fallback: Value;
  /** What happens with the fallback, as a sentence. */
  readonly instead: string;
}

/** A callback that fails for each connection must not become a flood of events: within a second so many are told of each. */
const TOLD_MAX = 10;
const WINDOW_MS = 1_000;

interface Window {
  readonly sinceMs: number;
  told: number;
  silent: number;
}

export class CallbackGuard {
  readonly #report: (error: PoolError) => void;
  readonly #windows: Map<string, Window> = new Map();

  constructor(report: (error: PoolError) => void) {
    this.#report = report;
  }

  /** Calls what answers nothing. A promise that it returns is not waited for. @param instead  what happens if it fails */
  tell(callback: string, call: () => unknown, instead: string): void {
    try {
      this.#follow(callback, call(), instead);
    } catch (thrown) {
      this.failed(callback, "threw", thrown, instead);
    }
  }

  /** Calls what answers at once. */
  ask<Value>(callback: string, call: () => unknown, expected: Expected<Value>): Value {
    const { accepted, fallback, instead } = expected;
    let answer: unknown;
    try {
      answer = call();
      const read = expected.read(answer);
      if (read !== undefined) return read;
    } catch (thrown) {
      this.failed(callback, "threw", thrown, instead);
      return fallback;
    }
    // A promise in its place may reject besides: one event says enough.
    if (isThenable(answer)) settle(answer, nothing);
    this.failed(callback, `must return ${accepted}, not`, answer, instead);
    return fallback;
  }

  /** Waits for what it returns. @returns false when it failed */
  async wait(callback: string, call: () => unknown, instead: string): Promise<boolean> {
    try {
      await call();
      return true;
    } catch (thrown) {
      this.failed(callback, "failed:", thrown, instead);
      return false;
    }
  }

  /** @param how  "threw", "rejected" … before what was thrown */
  failed(callback: string, how: string, thrown: unknown, instead: string): void {
    const silent = this.#isTold(callback);
    if (silent === null) return;
    const times = silent === 0 ? "" : ` It failed ${silent} times more since it was last told.`;
    this.#report(callbackFailed(callback, `${how} ${textOf(thrown)}. ${instead}${times}`, thrown));
  }

  #follow(callback: string, answer: unknown, instead: string): void {
    if (isThenable(answer)) settle(answer, (reason) => this.failed(callback, "rejected:", reason, instead));
  }

  /** How many were left out before this one; null: it is left out too. */
  #isTold(callback: string): number | null {
    const nowMs = performance.now();
    let window = this.#windows.get(callback);
    if (window === undefined || nowMs - window.sinceMs >= WINDOW_MS) {
      const silent = window?.silent ?? 0;
      window = { sinceMs: nowMs, told: 1, silent: 0 };
      this.#windows.set(callback, window);
      return silent;
    }
    if (window.told >= TOLD_MAX) {
      window.silent += 1;
      return null;
    }
    window.told += 1;
    return 0;
  }
}

/** Its name as a callback. */
export const LOGGER = "logger";

const LINE_IS_LOST = "A line of the log is lost.";

/** The same logger under the guard for callbacks: one that throws or rejects costs a line and nothing else.
 *  @param guard  asked for with each failure, since its events need a logger too; null: nobody can be told yet */
export function guardLogger(logger: Logger, guard: () => CallbackGuard | null): Logger {
  const guarded = (level: "debug" | "info" | "warn" | "error") => (message: string, fields?: LogFields) => {
    (guard() ?? UNHEARD).tell(LOGGER, () => logger[level](message, fields), LINE_IS_LOST);
  };
  const levels = {
    debug: guarded("debug"),
    info: guarded("info"),
    warn: guarded("warn"),
    error: guarded("error"),
  };
  const isBesideStderr = attempt(() => logger.isBesideStderr === true, false);
  return { ...levels, isBesideStderr };
}

const UNHEARD = new CallbackGuard(() => {});

/** A callback failed where somebody waits for what it gives: that is refused with this. */
export function callbackFailed(callback: string, what: string, cause: unknown): PoolError {
  return new PoolError("BROOD_CALLBACK_FAILED", `callback ${callback} ${what}`, {
    details: { callback },
    cause,
  });
}

/** Of a callback that answers yes or no; undefined means no. */
export function yesOrNo(answer: unknown): boolean | undefined {
  return answer === undefined ? false : typeof answer === "boolean" ? answer : undefined;
}

function isThenable(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** Also of a thenable whose `then` throws; a promise that never settles is never heard of. */
function settle(value: object, onRejected: (reason: unknown) => void): void {
  detached(new Promise((resolve) => resolve(value)), onRejected);
}

function nothing(): void {}
