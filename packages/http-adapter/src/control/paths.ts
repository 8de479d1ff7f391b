// Where a server's control socket is, so that `brood status` finds what `brood server.js` has opened:
// `<runtime dir>/brood-<uid>/<name>.sock`, the runtime dir being $XDG_RUNTIME_DIR or else the temporary folder.
// The temporary folder is everybody's: the folder in it must be a real one of this user, closed to others, or
// someone else could have put a socket of his own there. The same check guards both sides.

import { existsSync, promises as fs, type Stats } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PoolError } from "@brood/core/errors";
import { isCode } from "../listen/unix-path.ts";

const FOLDER_MODE = 0o700;
const OTHERS_BITS = 0o077;

/** The default path for a name. */
export function controlPath(name: string): string {
  const runtime = process.env["XDG_RUNTIME_DIR"];
  // The variable often survives `su` or comes into a container where that folder does not exist.
  const base = runtime !== undefined && existsSync(runtime) ? runtime : tmpdir();
  return join(base, `brood-${userId()}`, `${name}.sock`);
}

/** Makes the default folder, or takes the one there is. @throws PoolError BROOD_CONTROL_FAILED when it is not ours alone. */
export async function prepareControlFolder(path: string): Promise<void> {
  const folder = dirname(path);
  try {
    await fs.mkdir(folder, { mode: FOLDER_MODE });
  } catch (cause) {
    if (!isCode(cause, "EEXIST")) throw unusable(folder, describe(cause), cause);
  }
  const stats = await checkFolder(folder);
  if (stats !== null && (stats.mode & OTHERS_BITS) !== 0) await fs.chmod(folder, FOLDER_MODE);
}

/** For a client: the folder, where there is one, must be ours. @throws PoolError BROOD_CONTROL_FAILED */
export async function checkControlFolder(path: string): Promise<void> {
  await checkFolder(dirname(path));
}

async function checkFolder(folder: string): Promise<Stats | null> {
  const stats = await fs.lstat(folder).catch((cause: unknown) => {
    if (isCode(cause, "ENOENT")) return null;
    throw unusable(folder, describe(cause), cause);
  });
  if (stats === null) return null;
  if (!stats.isDirectory()) throw unusable(folder, "it is no folder");
  if (stats.uid !== userId()) throw unusable(folder, `it belongs to user ${stats.uid}`);
  return stats;
}

function userId(): number {
  return process.geteuid?.() ?? 0;
}

function unusable(folder: string, reason: string, cause?: unknown): PoolError {
  const message = `folder ${folder} cannot hold the control socket: ${reason}. Give another path with --control.`;
  return new PoolError("BROOD_CONTROL_FAILED", message, { details: { folder }, cause });
}

function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
