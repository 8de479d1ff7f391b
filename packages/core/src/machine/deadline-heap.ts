// A binary heap of deadlines.

import type { Deadline } from "./deadline.ts";
import type { Milliseconds } from "./names.ts";

/** Any order in, earliest first out. */
export class DeadlineHeap {
  readonly #heap: Deadline[] = [];

  /** Infinity when it is empty. */
  get firstAtMs(): Milliseconds {
    return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
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

  take(): Deadline | null {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) this.#sink(last);
    return first ?? null;
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
