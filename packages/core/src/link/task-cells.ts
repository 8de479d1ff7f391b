// The shared memory beside a task thread's port. One word says how many tasks run; then a ring of cells, one for each task
// that may be outstanding at a time; a cell is used again only when its task was answered or taken back. It goes from OFFERED to BEGUN (by the worker) or to REVOKED (by the pool), never
// both: each uses compare-and-exchange, so a task that was taken back cannot begin.

export const WORKING = 0;
export const FIRST_CELL = 8;
/** More than can ever be outstanding on one worker: a batch or `concurrentTasksPerWorker`, each at most 1_000. */
const CELLS = 1_024;

export const OFFERED = 0;
export const BEGUN = 1;
export const REVOKED = 2;

export function createTaskCells(): Int32Array {
  return new Int32Array(new SharedArrayBuffer((FIRST_CELL + CELLS) * Int32Array.BYTES_PER_ELEMENT));
}
