import type { Milliseconds } from "./names.ts";

/** Tenths of a millisecond: what people and documents are shown. Decisions use the exact instants. */
export function shownMs(exactMs: Milliseconds): Milliseconds {
  return Math.round(exactMs * 10) / 10;
}
