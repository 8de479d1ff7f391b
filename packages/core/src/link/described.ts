// Whatever was thrown or given, as text and as an error. It may be null, a proxy that was revoked, an object whose getters throw:
// nothing of it may keep us from saying what happened.

import { inspect } from "node:util";
import { TEXT_MAX } from "./decoders.ts";
import type { WireError } from "./protocol.ts";

/** What can be said of anything that was thrown or given, whatever it does when it is looked at. */
export function textOf(value: unknown): string {
  try {
    if (typeof value === "string") return value;
    return isError(value) ? String(value.message) : inspect(value);
  } catch {
    return `a value of type ${typeof value} that has no text`;
  }
}

/** Anything that was thrown as an error with a message and a stack. */
export function asError(thrown: unknown): Error & { readonly stack: string } {
  try {
    if (thrown instanceof Error && typeof thrown.message === "string" && hasStack(thrown)) return thrown;
  } catch {
    // It does not let itself be looked at.
  }
  const error = new Error(textOf(thrown));
  return Object.assign(error, { stack: error.stack ?? error.message });
}

/** An error as it crosses a link. Cut where it is longer than a reader takes: it may hold a document. */
export function wireErrorOf(code: string, message: string, stack: string): WireError {
  return { code: cut(code), message: cut(message), stack: cut(stack) };
}

function cut(text: string): string {
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX - 3)}...` : text;
}

/** Ends a chain of causes that leads back to itself: Node 20 spins for ever when it takes such an error out of a thread. */
export function cutCircle(thrown: unknown): void {
  const seen = new Set<unknown>();
  try {
    for (let error = thrown; error instanceof Error; error = error.cause) {
      seen.add(error);
      if (seen.has(error.cause)) Object.defineProperty(error, "cause", { value: undefined });
    }
  } catch {
    // It does not let itself be looked at, or changed.
  }
}

function hasStack(error: Error): error is Error & { readonly stack: string } {
  return typeof error.stack === "string";
}

/** A proxy may throw when it is asked for its class. */
function isError(value: unknown): value is Error {
  try {
    return value instanceof Error;
  } catch {
    return false;
  }
}
