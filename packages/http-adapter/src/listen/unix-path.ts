// The path of a unix socket has one owner at a time. libuv unlinks a bound path when the handle closes, whatever
// file is there by then: an old server that stops late would remove the new one's socket (E48).
// So a socket is bound at a short temporary name beside the path and then moved over it: libuv later unlinks only
// the temporary name. Rule: the path is unlinked only while it still is the very file (device and inode) we put there.
// A path that nobody has is taken with link(2), which fails when someone else was quicker.

import { randomBytes } from "node:crypto";
import { type BigIntStats, promises as fs, readFileSync, readlinkSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { badOption, PoolError } from "@brood/core/errors";

/** sun_path has 108 bytes on Linux, the last one is NUL. */
const PATH_BYTES_MAX = 107;

/** Six letters are enough: a name that exists makes bind fail, it is never replaced. */
const TEMPORARY_BYTES = 3;

/** What is at a path: nothing, a socket someone listens on, one nobody does, or another kind of file. */
export type PathState = "absent" | "live" | "stale" | "foreign";

/** A file that we have put at `path`. */
export interface OwnedPath {
  readonly path: string;
  readonly device: bigint;
  readonly inode: bigint;
}

/** A name beside `path` to bind at first. @throws PoolError BROOD_BAD_OPTION when either is too long. */
export function temporaryPath(option: string, path: string): string {
  const temporary = join(dirname(path), `.${randomBytes(TEMPORARY_BYTES).toString("hex")}`);
  for (const each of [path, temporary]) {
    const length = Buffer.byteLength(each);
    if (length <= PATH_BYTES_MAX) continue;
    const accepted = `a path of at most ${PATH_BYTES_MAX} bytes (${each} has ${length})`;
    throw badOption(option, path, accepted);
  }
  return temporary;
}

/** Where an inherited unix socket is bound, for people to read; null when that cannot be told. */
export function pathOfDescriptor(descriptor: number): string | null {
  try {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${descriptor}`))?.[1];
    const lines = readFileSync("/proc/net/unix", "utf8").split("\n");
    // Num RefCount Protocol Flags Type St Inode Path
    const line = lines.map((each) => each.trim().split(/\s+/)).find((each) => each[6] === inode);
    const path = line?.slice(7).join(" ") ?? "";
    return path.startsWith("/") ? path : null;
  } catch {
    return null;
  }
}

export async function inspectPath(path: string): Promise<PathState> {
  const stats = await fs.lstat(path).catch((error: unknown) => {
    if (isCode(error, "ENOENT")) return null;
    throw error;
  });
  if (stats === null) return "absent";
  return stats.isSocket() ? probe(path) : "foreign";
}

/** Refuses a path that cannot be taken. @throws PoolError BROOD_ADDRESS_IN_USE, BROOD_ADDRESS_UNAVAILABLE */
export function refuseTaken(what: string, path: string, state: PathState): void {
  if (state === "live") {
    throw new PoolError(
      "BROOD_ADDRESS_IN_USE",
      `${what} unix:${path} is in use: stop the program that listens there, or use another path.`,
      { details: { path } },
    );
  }
  if (state === "foreign") {
    throw new PoolError(
      "BROOD_ADDRESS_UNAVAILABLE",
      `${what} unix:${path} is a file but no socket, and was left as it is: use another path.`,
      { details: { path } },
    );
  }
}

/** Moves the socket at `temporary` to `path`, replacing a stale one. Nobody connects to `path` before or between.
 *  @throws PoolError BROOD_ADDRESS_IN_USE, BROOD_ADDRESS_UNAVAILABLE */
export async function publishPath(what: string, temporary: string, path: string): Promise<OwnedPath> {
  const stats = await fs.lstat(temporary, { bigint: true });
  try {
    await fs.link(temporary, path);
    await fs.unlink(temporary);
  } catch (error) {
    // Some file systems have no links: there rename replaces what is stale or absent all the same.
    if (!isCode(error, "EEXIST", "EPERM", "ENOTSUP")) throw error;
    refuseTaken(what, path, await inspectPath(path));
    await fs.rename(temporary, path);
  }
  return { path, device: stats.dev, inode: stats.ino };
}

/** Unlinks the path if it still is ours. A file of someone else stays. */
export async function unlinkOwned(owned: OwnedPath): Promise<void> {
  const stats: BigIntStats | null = await fs.lstat(owned.path, { bigint: true }).catch(() => null);
  if (stats?.dev !== owned.device || stats.ino !== owned.inode) return;
  await fs.unlink(owned.path).catch(() => undefined);
}

export function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.some((code) => error.code === code);
}

function probe(path: string): Promise<PathState> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve("live");
    });
    socket.once("error", (error) => {
      if (isCode(error, "ECONNREFUSED")) resolve("stale");
      else if (isCode(error, "ENOENT")) resolve("absent");
      // A full queue (EAGAIN) or a socket of another user (EACCES) or kind (EPROTOTYPE): somebody has it.
      else if (isCode(error, "EAGAIN", "EACCES", "EPROTOTYPE")) resolve("live");
      else reject(error);
    });
  });
}
