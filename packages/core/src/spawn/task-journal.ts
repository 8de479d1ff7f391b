// The pool's end of what a task process notes: memory that both map, where the addon is there, else a file of four bytes without
// a name. The memory's descriptor goes along to the worker. The file is opened through /proc, where a host that has changed its
// user (setuid) is closed to its workers; there, and where there is no /proc, nobody knows what a dead worker had begun: all
// that it was sent counts as begun.

import { closeSync, mkdtempSync, openSync, readSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TASK_MEMORY_BYTES } from "../link/task-memory.ts";
import { nativeSupport } from "../native/index.ts";

export interface TaskJournal {
  /** For the worker: a descriptor that it has to be given, or a path; null: none. */
  readonly place: number | string | null;
  /** Null: a file only. */
  readonly memory: ArrayBuffer | null;
  /** The last task that began, by the file; null: unknown. */
  begun(): number | null;
  /** Reads it for the last time. */
  close(): void;
}

export function openTaskJournal(): TaskJournal {
  const shared = openMemory();
  if (shared === null && !canBeOpenedByWorkers())
    return { place: null, memory: null, begun: () => null, close: () => {} };
  const { file, memory } = shared ?? { file: openFile(), memory: null };
  const note = new Uint32Array(1);
  let last: number | null = null;
  const read = (): number => {
    note[0] = 0;
    readSync(file, note, 0, 4, 0);
    return note[0];
  };
  return {
    place: memory === null ? `/proc/${process.pid}/fd/${file}` : file,
    memory,
    begun: () => last ?? read(),
    close() {
      if (last !== null) return;
      last = read();
      closeSync(file);
    },
  };
}

function canBeOpenedByWorkers(): boolean {
  try {
    return statSync("/proc/self/fd").uid === process.geteuid?.();
  } catch {
    return false;
  }
}

function openMemory(): { readonly file: number; readonly memory: ArrayBuffer } | null {
  const support = nativeSupport();
  if (!support.ok) return null;
  const { binding } = support;
  let file: number | null = null;
  try {
    file = binding.pageCreate(TASK_MEMORY_BYTES);
    return { file, memory: binding.pageMap(file) };
  } catch {
    // No memory that can be shared: the file does as well, with less.
    if (file !== null) closeSync(file);
    return null;
  }
}

function openFile(): number {
  const folder = mkdtempSync(join(tmpdir(), "brood-journal-"));
  try {
    return openSync(join(folder, "begun"), "w+", 0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
