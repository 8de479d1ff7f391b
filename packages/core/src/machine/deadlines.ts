// A binary heap of deadlines, earliest first, with lazy deletion: an entry is never searched for or moved. Whoever
// takes a due entry compares it with the record it names (a heartbeat only writes one field; its entry is pushed on
// when it comes up). So an event costs O(log n) at most and a heartbeat O(1), with 10 slots or 10,000.
// One array of numbers, the time and the label of an entry side by side: two children that are compared lie in one line
// of memory. Rejected: an object an entry. With 10,000 slots that was three times as slow: it lives so long that the
// garbage collector copies it twice, and each comparison meets a cold line.

import type { Milliseconds } from "./names.ts";

/** What has a deadline; a label is the subject and the place in this list in one number. */
const KINDS = [
  /** A worker's state must have been left by then. */
  "state",
  /** A worker must have given a sign of life by then. */
  "liveness",
  /** A canary has been ready for long enough. */
  "healthy",
  /** A worker is old. */
  "age",
  /** A worker that was sent TERM has waited for what the supervisor decides. */
  "signalled",
  "template-state",
  "template-liveness",
  /** A generation's template may be built again. */
  "template-back-off",
  /** A slot may be filled again. */
  "back-off",
  /** A generation's release must have been pinned by then. */
  "resolve",
  /** The roll to a generation is to look at its canary again. */
  "canary",
] as const;

export type DeadlineKind = (typeof KINDS)[number];

export interface Deadline {
  readonly atMs: Milliseconds;
  readonly kind: DeadlineKind;
  /** Whose: the serial of a worker or template, the index of a slot, or a generation. */
  readonly subject: number;
}

export class Deadlines {
  /** The time of entry n at 2n, its label at 2n + 1. */
  readonly #heap: number[] = [];

  get nextAtMs(): Milliseconds | null {
    return this.#heap[0] ?? null;
  }

  push({ kind, subject, atMs }: Deadline): void {
    const heap = this.#heap;
    const label = subject * KINDS.length + KINDS.indexOf(kind);
    let entry = heap.length >> 1;
    heap.push(atMs, label);
    while (entry > 0) {
      const parent = (entry - 1) >> 1;
      const parentAtMs = this.#atMsOf(parent);
      if (parentAtMs <= atMs) break;
      this.#write(entry, parentAtMs, this.#labelOf(parent));
      entry = parent;
    }
    this.#write(entry, atMs, label);
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
    const count = this.#heap.length >> 1;
    let entry = 0;
    for (let child = 1; child < count; child = 2 * entry + 1) {
      let childAtMs = this.#atMsOf(child);
      const otherAtMs = child + 1 < count ? this.#atMsOf(child + 1) : childAtMs;
      if (otherAtMs < childAtMs) {
        child += 1;
        childAtMs = otherAtMs;
      }
      if (childAtMs >= atMs) break;
      this.#write(entry, childAtMs, this.#labelOf(child));
      entry = child;
    }
    this.#write(entry, atMs, label);
  }

  #atMsOf(entry: number): Milliseconds {
    return this.#heap[2 * entry] ?? 0;
  }

  #labelOf(entry: number): number {
    return this.#heap[2 * entry + 1] ?? 0;
  }

  #write(entry: number, atMs: Milliseconds, label: number): void {
    this.#heap[2 * entry] = atMs;
    this.#heap[2 * entry + 1] = label;
  }
}
