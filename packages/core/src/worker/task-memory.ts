// The worker's end of the memory that it shares with the pool. A task begins when its cell says so to both, and a
// result that fits is there at once. A process gets the memory's descriptor; one that cannot map it notes
// the number of each task it begins by a write to the same file (one pwrite a task, some microseconds), and posts its
// results. Memory and file outlive a SIGKILL: the pool knows for certain what a dead worker had begun.

import { closeSync, fstatSync, openSync, writeSync } from "node:fs";
import { ResultWriter } from "../link/result-ring.ts";
import { BEGUN, exchangeOffer } from "../link/task-cells.ts";
import { RING_AT, TASK_MEMORY_BYTES, TaskMemory } from "../link/task-memory.ts";
import { nativeSupport } from "../native/index.ts";
import type { TaskChannel } from "./task-runner.ts";

/** A result may wait for the pool to look when its task was no short one, so that few results wait at a time, and so many
 *  more tasks are at hand, here or on their way: with fewer the pool must hear of it, to send more. */
const LONG_US = 250;
export const AT_HAND = 2;

export type TaskMemoryEnd = Pick<TaskChannel, "claim" | "place" | "rest">;

/** @param tell posts that there are results */
export function shareTaskMemory(bytes: ArrayBufferLike, tell: () => void): TaskMemoryEnd {
  const memory = new TaskMemory(bytes);
  const ring = new ResultWriter(bytes, RING_AT, tell);
  memory.share();
  return {
    claim: (seq, cell) => exchangeOffer(memory.cells, cell, seq, BEGUN),
    place: (seq, result, us, waiting) =>
      ring.write(seq, result, us, us >= LONG_US && waiting.size + memory.sentAfter(waiting.last) >= AT_HAND),
    rest: (waiting) => {
      if (memory.sentAfter(waiting.last) <= 0) ring.flush();
    },
  };
}

/** @param place descriptor of the memory, which becomes this function's, or path of a file of four bytes; null: neither */
export function openTaskMemory(place: number | string | null, tell: () => void): TaskMemoryEnd {
  const alone = { claim: () => true, place: () => false, rest: () => {} };
  if (place === null) return alone;
  const file = typeof place === "number" ? place : openSync(place, "r+");
  const bytes = fstatSync(file).size === TASK_MEMORY_BYTES ? mapped(file) : null;
  if (bytes !== null) {
    closeSync(file);
    return shareTaskMemory(bytes, tell);
  }
  const note = new Uint32Array(1);
  const claim = (seq: number): boolean => {
    note[0] = seq;
    writeSync(file, note, 0, 4, 0);
    return true;
  };
  return { ...alone, claim };
}

function mapped(file: number): ArrayBuffer | null {
  const support = nativeSupport();
  try {
    return support.ok ? support.binding.pageMap(file) : null;
  } catch {
    return null;
  }
}
