// The command as PID 1 of a container inherits every orphan: what a killed worker had started ends as a zombie that nobody
// else can bury. libuv waits only for children of its own, so here the others are looked for after each SIGCHLD. What is
// still a zombie a second later is not libuv's, which buries its own at once; it is reaped, and its exit means nothing.
// Without the addon there is no way to wait for a stranger: `docker run --init` does it.

import { promises as fs } from "node:fs";
import { detached, ignored } from "@brood/core/callbacks";
import { type Binding, nativeSupport } from "@brood/core/engine";

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
    for (const pid of zombies.filter((each) => suspects.includes(each))) {
      if (bury(binding, pid)) reaped(pid);
    }
    suspects = zombies;
    isWaiting = false;
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
    const [state] = binding.processEnd(pidfd);
    binding.close(pidfd);
    return state === "ended";
  } catch {
    return false; // it has gone meanwhile
  }
}

async function zombieChildren(): Promise<number[]> {
  const pids = (await fs.readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const stats = await Promise.all(
    pids.map(async (pid) => ({
      pid,
      stat: await fs.readFile(`/proc/${pid}/stat`, "latin1").catch(() => ""),
    })),
  );
  // `pid (name) state ppid ...`; a name may hold anything, also parentheses.
  return stats
    .filter(({ stat }) => / Z 1 /.test(stat.slice(stat.lastIndexOf(")") + 1, -1)))
    .map(({ pid }) => pid);
}
