// A judgement that every runner can show: `expect` matchers and `assert` helpers are thin shells over these.

import { AssertionError } from "node:assert";

export interface Verdict {
  readonly pass: boolean;
  /** What was expected, what was seen, and what to look at. Of a verdict that passes: what was seen. */
  readonly message: string;
}

/** @throws AssertionError, as `node:assert` does, so that every runner shows it as a failed expectation. */
export function assertVerdict({ pass, message }: Verdict, operator: string): void {
  if (!pass) throw new AssertionError({ message, operator });
}

/** 1,234 */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** "1 request", "2 requests" */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}
