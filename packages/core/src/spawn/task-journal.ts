// The pool's end of a task process's journal: a file without a name, which the worker opens through /proc. Where there is no
// /proc, nobody knows what a dead worker had begun; then all it was sent counts as begun.

import { closeSync, existsSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TaskJournal {
  /** For the worker; null: none. */
  readonly path: string | null;
  /** The last task that began; null: unknown. */
  begun(): number | null;
  /** Reads it for the last time. */
  close(): void;
}

export function openTaskJournal(): TaskJournal {
  if (!existsSync("/proc/self/fd")) return { path: null, begun: () => null, close: () => {} };
  const folder = mkdtempSync(join(tmpdir(), "brood-journal-"));
  const file = openSync(join(folder, "begun"), "w+", 0o600);
  rmSync(folder, { recursive: true });
  const note = new Uint32Array(1);
  let last: number | null = null;
  const read = (): number => {
    note[0] = 0;
    readSync(file, note, 0, 4, 0);
    return note[0];
  };
  return {
    path: `/proc/${process.pid}/fd/${file}`,
    begun: () => last ?? read(),
    close() {
      if (last !== null) return;
      last = read();
      closeSync(file);
    },
  };
}
