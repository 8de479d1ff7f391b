// One at a time at a path: between "is somebody there?" and "now I am" nobody else may look or act, also when a dead
// server's socket is in the way. The lock is a file beside the path, `.<name>.lock`, locked with flock(2): the kernel lets
// go of it when its holder dies, so no lock is ever stale. It is held for milliseconds and then removed.
// Without the addon there is no flock: on Linux an abstract socket whose name stands for the file excludes as well (it
// goes with its process too), but only within one network namespace. Elsewhere without the addon nothing excludes: then
// link(2) still gives an absent path to one server, but two that replace the same dead socket may both believe it theirs.

import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, statSync, unlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { detached, ignored } from "@brood/core/callbacks";
import { PoolError } from "@brood/core/errors";
import { nativeSupport } from "@brood/core/native";
import { bindUnix } from "./server-handle.ts";

export interface PathLock {
  release(): void;
}

/** O_NONBLOCK: a FIFO in the way must not hold us up. */
const OPEN_FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Twenty starters on a busy machine without the addon have had their turns by then. */
const WAIT_MS = 30_000;
/** A holder needs about as long. */
const PAUSE_MS = 5;

const NO_LOCK: PathLock = { release: () => undefined };

/** Waits for its turn. Where no file can be made beside the path there is no lock: nothing can be bound there either.
 *  @throws PoolError BROOD_ADDRESS_IN_USE when it did not come within `waitMs` */
export async function lockPath(path: string, waitMs: number = WAIT_MS): Promise<PathLock> {
  const file = join(dirname(path), `.${basename(path)}.lock`);
  const giveUpAtMs = performance.now() + waitMs;
  for (;;) {
    const lock = lockOnce(file);
    if (lock !== null) return lock;
    if (performance.now() > giveUpAtMs) {
      const message = `${path} is being taken by another server, which has held ${file} for ${waitMs} ms: end that server, then start again.`;
      throw new PoolError("BROOD_ADDRESS_IN_USE", message, { details: { path } });
    }
    await delay(PAUSE_MS);
  }
}

/** All of them, always in the same order: two servers that want the same paths must not wait for each other. */
export async function lockPaths(paths: readonly string[]): Promise<PathLock> {
  const locks: PathLock[] = [];
  const release = (): void => {
    for (const lock of locks) lock.release();
  };
  try {
    for (const path of [...new Set(paths)].sort()) locks.push(await lockPath(path));
    return { release };
  } catch (error) {
    release();
    throw error;
  }
}

/** Locks an open file, which others reach at `path`, for as long as it is open. @returns what unlocks it, null when another
 *  has the lock. */
export function tryLockFile(path: string, descriptor: number): (() => void) | null {
  const native = nativeSupport();
  if (native.ok) return native.binding.lockFile(descriptor) ? () => undefined : null;
  if (process.platform !== "linux") return () => undefined;
  const bound = bindUnix(abstractName(path));
  if (bound.ok) return () => detached(bound.handle.close(), ignored);
  return bound.code === "EADDRINUSE" ? null : () => undefined;
}

/** Whether an open file still is the one at `path`. */
export function isFileAt(path: string, descriptor: number): boolean {
  const there = statSync(path, { bigint: true, throwIfNoEntry: false });
  const open = fstatSync(descriptor, { bigint: true });
  return there?.ino === open.ino && there.dev === open.dev;
}

function lockOnce(file: string): PathLock | null {
  let descriptor: number;
  try {
    descriptor = openSync(file, OPEN_FLAGS, 0o600);
  } catch {
    return NO_LOCK;
  }
  const unlock = tryLockFile(file, descriptor);
  if (unlock === null || !isFileAt(file, descriptor)) {
    // Its last holder has removed it meanwhile: what we have locked is nobody's any more.
    unlock?.();
    closeSync(descriptor);
    return null;
  }
  return {
    release: () => {
      try {
        unlinkSync(file);
      } catch {
        // Somebody else has tidied up.
      }
      unlock();
      closeSync(descriptor);
    },
  };
}

/** Of the full length that a name may have: older versions of libuv fill shorter ones up. */
function abstractName(path: string): string {
  const { dev, ino } = statSync(dirname(path), { bigint: true });
  const digest = createHash("sha256")
    .update(`${dev}:${ino}:${basename(path)}`)
    .digest("hex");
  return `\0brood-lock-${digest}`.padEnd(108, "-");
}
