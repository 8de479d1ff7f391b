// A binary heap of deadlines, earliest first, with lazy deletion: an entry is never searched for or moved. Whoever
// takes a due entry compares it with the record it names (a heartbeat only writes one field; its entry is pushed on
// when it comes up). So an event costs O(log n) at most and a heartbeat O(1), with 10 slots or 10,000.
// Two columns of numbers, no objects: with 10,000 slots an entry lives long, and an object would be copied twice by the
// garbage collector and be a cache miss at each comparison.

import type { Milliseconds } from "./names.ts";

export type DeadlineKind =
  /** A worker's state must have been left by then. */
  | "state"
  /** A worker must have given a sign of life by then. */
  | "liveness"
  /** A canary has been ready for long enough. */
  | "healthy"
  /** A worker is old. */
  | "age"
  | "template-state"
  | "template-liveness"
  /** A generation's template may be built again. */
  | "template-back-off"
  /** A slot may be filled again. */
  | "back-off"
  /** A generation's release must have been pinned by then. */
  | "resolve"
  /** The roll to a generation is to look at its canary again. */
  | "canary";

export interface Deadline {
  readonly atMs: Milliseconds;
  readonly kind: DeadlineKind;
  /** Whose: the serial of a worker or template, the index of a slot, or a generation. */
  readonly subject: number;
}

const KINDS: readonly DeadlineKind[] = [
  "state",
  "liveness",
  "healthy",
  "age",
  "template-state",
  "template-liveness",
  "template-back-off",
  "back-off",
  "resolve",
  "canary",
];

export class Deadlines {
  /** Time and label of each entry side by side. */
  readonly #heap: number[] = [];

  get nextAtMs(): Milliseconds | null {
    return this.#heap[0] ?? null;
  }

  push({ kind, subject, atMs }: Deadline): void {
    const heap = this.#heap;
    const label = subject * KINDS.length + KINDS.indexOf(kind);
    let index = heap.length;
    heap.push(atMs, label);
    while (index > 0) {
      const parent = ((index - 2) >> 2) << 1;
      const parentAtMs = heap[parent] ?? 0;
      if (parentAtMs <= atMs) break;
      heap[index] = parentAtMs;
      heap[index + 1] = heap[parent + 1] ?? 0;
      index = parent;
    }
    heap[index] = atMs;
    heap[index + 1] = label;
  }

  /** The earliest deadline if it is not after `atMs`, taken out; else null. */
  takeDue(atMs: Milliseconds): Deadline | null {
    const heap = this.#heap;
    const firstAtMs = heap[0];
    const label = heap[1];
    if (firstAtMs === undefined || label === undefined || firstAtMs > atMs) return null;
    const lastLabel = heap.pop() ?? 0;
    const lastAtMs = heap.pop() ?? 0;
    if (heap.length > 0) this.#sink(lastAtMs, lastLabel);
    const subject = Math.floor(label / KINDS.length);
    return { atMs: firstAtMs, kind: KINDS[label % KINDS.length] ?? "state", subject };
  }

  /** Puts an entry where the root was. */
  #sink(atMs: Milliseconds, label: number): void {
    const heap = this.#heap;
    const { length } = heap;
    let index = 0;
    for (let child = 2; child < length; child = 2 * index + 2) {
      let childAtMs = heap[child] ?? 0;
      const rightAtMs = child + 2 < length ? (heap[child + 2] ?? 0) : Number.POSITIVE_INFINITY;
      if (rightAtMs < childAtMs) {
        child += 2;
        childAtMs = rightAtMs;
      }
      if (childAtMs >= atMs) break;
      heap[index] = childAtMs;
      heap[index + 1] = heap[child + 1] ?? 0;
      index = child;
    }
    heap[index] = atMs;
    heap[index + 1] = label;
  }
}
