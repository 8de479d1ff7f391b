// What lies where in the memory that a pool and one task worker share: a head, the cells of its tasks, the ring of its
// results. Threads share it as a SharedArrayBuffer, processes on Linux as an unlinked file of memory that both map. A
// worker that cannot map it (no addon in its environment) writes the number of each task it begins to its first bytes
// instead, as to any file.

import { RING_BYTES } from "./result-ring.ts";
import { CELLS_BYTES, taskCells } from "./task-cells.ts";

const HEAD_INTS = 16;
const CELLS_AT = HEAD_INTS * Int32Array.BYTES_PER_ELEMENT;
/** Where the ring begins. */
export const RING_AT: number = CELLS_AT + CELLS_BYTES;
export const TASK_MEMORY_BYTES: number = RING_AT + RING_BYTES;

/** In the head, whether the worker has mapped it. The first int is left to a worker that writes it as a file. */
const MAPPED_AT = 1;
/** And the number of the last task that was offered; plain, since the cell that is written after it makes it visible. */
const SENT_AT = 2;

export class TaskMemory {
  readonly cells: Int32Array;
  readonly #head: Int32Array;

  constructor(bytes: ArrayBufferLike) {
    this.cells = taskCells(bytes, CELLS_AT);
    this.#head = new Int32Array(bytes, 0, HEAD_INTS);
  }

  get isShared(): boolean {
    return Atomics.load(this.#head, MAPPED_AT) === 1;
  }

  /** The pool sends this one. */
  noteSent(seq: number): void {
    this.#head[SENT_AT] = seq;
  }

  /** How many tasks are on their way that come after `seq`. */
  sentAfter(seq: number): number {
    return ((this.#head[SENT_AT] ?? 0) - seq) | 0;
  }

  /** The worker has it too, before it begins any task. */
  share(): void {
    Atomics.store(this.#head, MAPPED_AT, 1);
  }
}
