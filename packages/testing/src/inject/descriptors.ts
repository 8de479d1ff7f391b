// Leaves a process without a free descriptor, so that whatever it opens next fails with EMFILE. This process opens
// /dev/null until it gets there. A worker cannot be made to do that from outside, but its limit can be lowered
// to the descriptors it has (prlimit of util-linux); what it has open goes on to work in both cases.

import { execFileSync } from "node:child_process";
import { closeSync, openSync, readdirSync } from "node:fs";
import { PoolError } from "@brood/core";

export interface DescriptorShortage {
  /** Ends it. */
  release(): void;
}

/** Beyond this, filling the table would take seconds and hundreds of megabytes of kernel memory. */
const OPENED_MAX = 200_000;

/** @throws PoolError BROOD_BAD_OPTION where the limit is higher than what can be filled up. */
export function fillOwnDescriptors(): DescriptorShortage {
  const opened: number[] = [];
  const release = (): void => {
    for (const descriptor of opened.splice(0)) closeSync(descriptor);
  };
  try {
    while (opened.length < OPENED_MAX) opened.push(openSync("/dev/null", "r"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EMFILE") return { release };
    release();
    throw error;
  }
  release();
  throw refused(`no end after ${OPENED_MAX} descriptors. Run the tests under a lower limit: ulimit -n 4096`);
}

/** @throws PoolError BROOD_BAD_OPTION where prlimit or /proc is missing. */
export function fillDescriptorsOf(pid: number): DescriptorShortage {
  const before = prlimit(pid, "--noheadings", "--output", "SOFT", "--nofile").trim();
  prlimit(pid, `--nofile=${lowestFree(pid)}:`);
  let isReleased = false;
  return {
    release() {
      if (isReleased) return;
      isReleased = true;
      try {
        prlimit(pid, `--nofile=${before}:`);
      } catch (error) {
        // A worker that has ended needs none.
        if (isRunning(pid)) throw error;
      }
    },
  };
}

function prlimit(pid: number, ...args: readonly string[]): string {
  try {
    return execFileSync("prlimit", ["--pid", String(pid), ...args], { encoding: "utf8", stdio: "pipe" });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw refused(`prlimit of util-linux (Linux) is needed to reach pid=${pid}: ${why}`, cause);
  }
}

/** All numbers below are in use, so a limit of this leaves none. */
function lowestFree(pid: number): number {
  const used = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  let free = 0;
  while (used.has(free)) free += 1;
  return free;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function refused(why: string, cause?: unknown): PoolError {
  return new PoolError("BROOD_BAD_OPTION", `exhaustDescriptors: ${why}`, { cause });
}
