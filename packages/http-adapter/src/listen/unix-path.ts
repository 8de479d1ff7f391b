// The path of a unix socket has one owner at a time. Rules: whoever looks at a path in order to take or leave it holds its
// lock (path-lock.ts); a path is unlinked only while it still is the very file (device and inode) we put there.
// The addon binds at the path itself, so that the kernel's list (/proc/net/unix, ss) has the name that people see:
// systemd-tmpfiles keeps a socket file exactly when its name is in that list. Closing the socket leaves the file.
// Without the addon libuv binds, which unlinks the bound name when it closes, whatever file is there by then (E48). So the
// socket is bound in a folder of its own that nobody else can enter, and then moved; its sticky bit keeps tmpfiles off.

import { type BigIntStats, promises as fs, readFileSync, readlinkSync } from "node:fs";
import { connect } from "node:net";
import { basename, dirname, join } from "node:path";
import { badOption, PoolError } from "@brood/core/errors";
import { nativeSupport } from "@brood/core/native";

/** sun_path has 108 bytes on Linux, the last one is NUL. */
const PATH_BYTES_MAX = 107;

/** What is at a path: nothing, a socket someone listens on, one nobody does, or another kind of file. */
export type PathState = "absent" | "live" | "stale" | "foreign";

/** A file that we have put at `path`. */
export interface OwnedPath {
  readonly path: string;
  readonly device: bigint;
  readonly inode: bigint;
}

/** @throws PoolError BROOD_BAD_OPTION */
export function checkPathLength(option: string, path: string, bound: string = path): void {
  const length = Buffer.byteLength(bound);
  if (length <= PATH_BYTES_MAX) return;
  throw badOption(option, path, `a path of at most ${PATH_BYTES_MAX} bytes (${bound} has ${length})`);
}

/** Where an inherited unix socket is bound, for people to read; null when that cannot be told. */
export function pathOfDescriptor(descriptor: number): string | null {
  try {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${descriptor}`))?.[1];
    return boundPaths().find((each) => each.inode === inode)?.path ?? null;
  } catch {
    return null;
  }
}

/** Every unix socket of this network namespace that has a path. */
export function boundPaths(): readonly { readonly inode: string; readonly path: string }[] {
  const lines = readFileSync("/proc/net/unix", "utf8").split("\n");
  return lines.flatMap((line) => {
    // Num RefCount Protocol Flags Type St Inode Path
    const [, , , , , , inode = "", ...words] = line.trim().split(/\s+/);
    const path = words.join(" ");
    return path.startsWith("/") ? [{ inode, path }] : [];
  });
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

/** With the addon: a descriptor that is bound at `path` and does not listen; a stale socket there is replaced. Null
 *  without it. @throws Error with `code`, as bind(2) has it */
export async function bindAtPath(path: string, state: PathState, mode: number): Promise<number | null> {
  const native = nativeSupport();
  if (!native.ok) return null;
  const name = await realName(path);
  if (state !== "stale") return native.binding.bindUnix(name, mode);
  // Out of the way, not gone: while it exists no new file can have its inode, by which people tell files apart.
  const aside = join(dirname(path), `.${basename(path)}.stale`);
  await fs.rename(path, aside);
  try {
    return native.binding.bindUnix(name, mode);
  } finally {
    await fs.unlink(aside);
  }
}

/** As tmpfiles comes to it: without symlinks on the way. */
async function realName(path: string): Promise<string> {
  const real = join(await fs.realpath(dirname(path)), basename(path));
  return Buffer.byteLength(real) <= PATH_BYTES_MAX ? real : path;
}

/** Without the addon: a path to bind at first, in a folder that only we can enter. */
export async function hiddenPath(
  option: string,
  path: string,
): Promise<{ readonly path: string; remove(): Promise<void> }> {
  // As long as mkdtemp makes it: too long a path is refused before anything is made.
  checkPathLength(option, path, join(dirname(path), ".bXXXXXX", "s"));
  const folder = await fs.mkdtemp(join(dirname(path), ".b"));
  return { path: join(folder, "s"), remove: () => fs.rm(folder, { recursive: true, force: true }) };
}

/** Moves the socket from its hidden path. A path that nobody has is taken with link(2), which fails when someone else was
 *  quicker; it replaces a stale one. @throws PoolError BROOD_ADDRESS_IN_USE, BROOD_ADDRESS_UNAVAILABLE */
export async function publishPath(what: string, hidden: string, path: string): Promise<OwnedPath> {
  const { mode } = await fs.lstat(hidden);
  await fs.chmod(hidden, (mode & 0o777) | STICKY_BIT);
  const owned = await ownedPath(hidden);
  try {
    await fs.link(hidden, path);
    await fs.unlink(hidden);
  } catch (error) {
    // Some file systems have no links: there rename replaces what is stale or absent all the same.
    if (!isCode(error, "EEXIST", "EPERM", "ENOTSUP")) throw error;
    refuseTaken(what, path, await inspectPath(path));
    await fs.rename(hidden, path);
  }
  return { ...owned, path };
}

const STICKY_BIT = 0o1000;

/** What is at the path now, as ours. */
export async function ownedPath(path: string): Promise<OwnedPath> {
  const { dev, ino } = await fs.lstat(path, { bigint: true });
  return { path, device: dev, inode: ino };
}

/** Unlinks the path if it still is ours. A file of someone else stays. */
export async function unlinkOwned(owned: OwnedPath): Promise<void> {
  if (await isStillThere(owned)) await fs.unlink(owned.path).catch(() => undefined);
}

export async function isStillThere({ path, device, inode }: OwnedPath): Promise<boolean> {
  const stats: BigIntStats | null = await fs.lstat(path, { bigint: true }).catch(() => null);
  return stats?.dev === device && stats.ino === inode;
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
