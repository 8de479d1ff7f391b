// The pool's end of what a task process notes: memory that both map, where the addon is there, else a file of four
// bytes without a name. The worker opens either through /proc. Where there is no /proc, nobody knows what a dead worker
// had begun; then all it was sent counts as begun.

import { closeSync, existsSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TASK_MEMORY_BYTES } from "../link/task-memory.ts";
import { nativeSupport } from "../native/index.ts";

export interface TaskJournal {
  /** For the worker; null: none. */
  readonly path: string | null;
  /** Null: a file only. */
  readonly memory: ArrayBuffer | null;
  /** The last task that began, by the file; null: unknown. */
  begun(): number | null;
  /** Reads it for the last time. */
  close(): void;
}

export function openTaskJournal(): TaskJournal {
  if (!existsSync("/proc/self/fd")) return { path: null, memory: null, begun: () => null, close: () => {} };
  const { file, memory } = openMemory() ?? { file: openFile(), memory: null };
  const note = new Uint32Array(1);
  let last: number | null = null;
  const read = (): number => {
    note[0] = 0;
    readSync(file, note, 0, 4, 0);
    return note[0];
  };
  return {
    path: `/proc/${process.pid}/fd/${file}`,
    memory,
    begun: () => last ?? read(),
    close() {
      if (last !== null) return;
      last = read();
      closeSync(file);
    },
  };
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
  const file = openSync(join(folder, "begun"), "w+", 0o600);
  rmSync(folder, { recursive: true });
  return file;
}
