// A binary heap of deadlines, earliest first, with lazy deletion: an entry is never searched for or moved. Whoever
// takes a due entry compares it with the record it names (a heartbeat only writes one field; its entry is pushed on
// when it comes up). So an event costs O(log n) at most and a heartbeat O(1), with 10 slots or 10,000.

import type { Generation, Milliseconds, SlotIndex, TemplateId, WorkerId } from "./names.ts";

export type Deadline =
  /** The worker's state must have been left by then. */
  | {
      readonly atMs: Milliseconds;
      readonly kind: "state" | "liveness" | "healthy" | "age";
      readonly worker: WorkerId;
    }
  | {
      readonly atMs: Milliseconds;
      readonly kind: "template-state" | "template-liveness";
      readonly template: TemplateId;
    }
  /** The generation's template may be built again. */
  | { readonly atMs: Milliseconds; readonly kind: "template-back-off"; readonly generation: Generation }
  /** The slot may be filled again. */
  | { readonly atMs: Milliseconds; readonly kind: "back-off"; readonly slot: SlotIndex }
  /** The release must have been pinned by then. */
  | { readonly atMs: Milliseconds; readonly kind: "resolve"; readonly generation: Generation }
  /** The roll to it is to look at its canary again. */
  | { readonly atMs: Milliseconds; readonly kind: "canary"; readonly generation: Generation };

export class Deadlines {
  readonly #heap: Deadline[] = [];

  get nextAtMs(): Milliseconds | null {
    return this.#heap[0]?.atMs ?? null;
  }

  push(deadline: Deadline): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(deadline);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex];
      if (parent === undefined || parent.atMs <= deadline.atMs) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = deadline;
  }

  /** The earliest deadline if it is not after `atMs`, taken out; else null. */
  takeDue(atMs: Milliseconds): Deadline | null {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined || first.atMs > atMs) return null;
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) this.#sink(last);
    return first;
  }

  /** Puts `deadline` where the root was. */
  #sink(deadline: Deadline): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let childIndex = 2 * index + 1;
      let child = heap[childIndex];
      const right = heap[childIndex + 1];
      if (child !== undefined && right !== undefined && right.atMs < child.atMs) {
        childIndex += 1;
        child = right;
      }
      if (child === undefined || child.atMs >= deadline.atMs) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = deadline;
  }
}
