// A full disk without one: paths behind which the kernel itself answers every write with ENOSPC (/dev/full).

import { mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PoolError } from "@brood/core";

export interface FullDisk extends AsyncDisposable {
  /** For `serve({ pidfile })`. */
  readonly pidfile: string;
  /** For `serve({ stdout, stderr })`: can be opened, and loses what is written. */
  readonly logFile: string;
  close(): Promise<void>;
}

/** @throws PoolError BROOD_BAD_OPTION where there is no /dev/full (macOS). */
export function fullDisk(): FullDisk {
  if (statSync("/dev/full", { throwIfNoEntry: false })?.isCharacterDevice() !== true) {
    throw new PoolError("BROOD_BAD_OPTION", "fullDisk: this system has no /dev/full. Skip the test here.");
  }
  const folder = mkdtempSync(join(tmpdir(), "brood-full-disk-"));
  const pidfile = join(folder, "app.pid");
  const logFile = join(folder, "app.log");
  symlinkSync("/dev/full", pidfile);
  symlinkSync("/dev/full", logFile);
  const close = async (): Promise<void> => rmSync(folder, { recursive: true, force: true });
  return { pidfile, logFile, close, [Symbol.asyncDispose]: close };
}
