// In the memory that a pool and a task worker share: a cell for each task that may be outstanding at a time. A cell
// holds the task's number and whether it was offered, has begun, or was taken back. The worker begins a task, and the
// pool takes it back, by exchanging exactly "this number, offered": one of them wins, so a task that was taken back
// cannot begin, also when its cell has been given to another one meanwhile.

/** More than can ever be outstanding on one worker: a batch or `concurrentTasksPerWorker`, each at most 1_000. */
const CELLS = 1_024;

export const OFFERED = 0;
export const BEGUN = 1;
export const REVOKED = 2;

export const CELLS_BYTES: number = CELLS * Int32Array.BYTES_PER_ELEMENT;

export function taskCells(memory: ArrayBufferLike, startByte: number): Int32Array {
  return new Int32Array(memory, startByte, CELLS);
}

/** What a cell holds; the number wraps long after every older one of its cell was answered. */
export function cellValue(seq: number, state: typeof OFFERED | typeof BEGUN | typeof REVOKED): number {
  return (seq << 2) | state;
}

/** Exchanges "offered" for `state`; false when the other side was first. */
export function exchangeOffer(
  cells: Int32Array,
  cell: number,
  seq: number,
  state: typeof BEGUN | typeof REVOKED,
): boolean {
  const offered = cellValue(seq, OFFERED);
  return Atomics.compareExchange(cells, cell, offered, cellValue(seq, state)) === offered;
}
