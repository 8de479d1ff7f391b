// The command as PID 1 of a container inherits every orphan: what a killed worker had started ends as a zombie that nobody
// else can bury. libuv waits only for children of its own, so here the others are looked for after each SIGCHLD. What is
// still a zombie a second later is not libuv's, which buries its own at once; it is reaped, and its exit means nothing.
// Without the addon there is no way to wait for a stranger: `docker run --init` does it.

import { promises as fs } from "node:fs";
import { detached, ignored } from "@brood/core/callbacks";
import { type Binding, nativeSupport } from "@brood/core/engine";
import { isCode } from "./listen/unix-path.ts";

/** Far longer than libuv needs, short enough that no table of processes fills up. */
const PATIENCE_MS = 1_000;

/** Reaps foreign zombies until the process ends. Does nothing unless this process is PID 1. */
export function reapOrphans(reaped: (pid: number) => void): void {
  const support = nativeSupport();
  if (process.pid !== 1 || !support.ok) return;
  const { binding } = support;
  let suspects: readonly number[] = [];
  let isWaiting = false;
  const look = async (): Promise<void> => {
    const zombies = await zombieChildren();
    isWaiting = false;
    if (zombies === null) return lookLater();
    for (const pid of zombies.filter((each) => suspects.includes(each))) {
      if (bury(binding, pid)) reaped(pid);
    }
    suspects = zombies;
    if (zombies.length > 0) lookLater();
  };
  const lookLater = (): void => {
    if (isWaiting) return;
    isWaiting = true;
    setTimeout(() => detached(look(), ignored), PATIENCE_MS).unref();
  };
  process.on("SIGCHLD", lookLater);
}

/** A pidfd of a zombie can be had, and tells of it when it is our child. */
function bury(binding: Binding, pid: number): boolean {
  try {
    const pidfd = binding.pidfdOpen(pid);
    try {
      return binding.processEnd(pidfd)[0] === "ended";
    } finally {
      binding.close(pidfd);
    }
  } catch {
    return false; // it has gone meanwhile, or the kernel refuses for now
  }
}

/** Null when /proc cannot be read for now: no free descriptor. Without /proc none is ever found. */
async function zombieChildren(): Promise<number[] | null> {
  try {
    const pids = (await fs.readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
    const stats = await Promise.all(pids.map(async (pid) => ({ pid, stat: await statOf(pid) })));
    // `pid (name) state ppid ...`; a name may hold anything, also parentheses.
    return stats
      .filter(({ stat }) => / Z 1 /.test(stat.slice(stat.lastIndexOf(")") + 1, -1)))
      .map(({ pid }) => pid);
  } catch (error) {
    return isCode(error, "ENOENT") ? [] : null;
  }
}

/** Empty for one that has gone. */
function statOf(pid: number): Promise<string> {
  return fs.readFile(`/proc/${pid}/stat`, "latin1").catch((error: unknown) => {
    if (isCode(error, "ENOENT", "ESRCH")) return "";
    throw error;
  });
}
