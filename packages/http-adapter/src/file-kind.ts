// What may be opened for a pidfile or a log. Opening a FIFO that nobody reads would hang the supervisor, writing into a
// disk would be the end of it: both are refused by name before they are opened.

import { type Stats, statSync } from "node:fs";
import { badOption } from "@brood/core/errors";

/** /dev/full, which takes nothing: it stands for a full disk (`fullDisk()` of @brood/testing). */
const FULL_DEVICE = 0x0107;

/** @param option  "pidfile": a regular file. Logs may also go to a character device, such as /dev/null.
 *  @throws PoolError BROOD_BAD_OPTION */
export function checkFileKind(option: "pidfile" | "stdout" | "stderr", path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || stats.isFile()) return;
  if (stats.isCharacterDevice() && (option !== "pidfile" || stats.rdev === FULL_DEVICE)) return;
  const hint = option === "pidfile" ? "" : "; without the option output goes where this process's own goes";
  throw badOption(option, path, `a regular file: this is ${kindOf(stats)}${hint}`);
}

function kindOf(stats: Stats): string {
  if (stats.isFIFO()) return "a FIFO";
  if (stats.isDirectory()) return "a directory";
  if (stats.isSocket()) return "a socket";
  return "a device";
}

/** False also for what cannot be looked at: a name too long, a folder that is closed. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return false;
  }
}
