// Runs around the real-process tests: what they leave behind fails the run, by name. A process of ours is one that runs
// a file of this repository or carries a `brood` title in a folder of ours; a file of ours begins with `brood` in the
// temporary folder (sockets are files there). A listening port cannot outlive its process.

import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const ROOT = dirname(import.meta.dirname);

const UNKNOWN = "?";

/** A process that was killed last takes a moment to go. */
const GRACE_MS = 3_000;

export function setup(): () => Promise<void> {
  const before = new Set(traces());
  return async () => {
    const untilMs = performance.now() + GRACE_MS;
    for (;;) {
      const left = traces().filter((trace) => !before.has(trace));
      if (left.length === 0) return;
      if (performance.now() > untilMs) throw new Error(`the tests left behind:\n${left.join("\n")}`);
      await delay(50);
    }
  };
}

function traces(): string[] {
  const files = readdirSync(tmpdir()).filter((name) => name.startsWith("brood"));
  return [...files.map((name) => `file ${name}`), ...processes()];
}

/** Ours, without this runner and its own helpers. Empty where there is no /proc. */
function processes(): string[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    const command = commandOf(pid);
    const isOurs = command.startsWith("brood ")
      ? isFolderOfOurs(folderOf(pid))
      : command.includes(ROOT) && /dist|fixtures|examples/.test(command);
    const isRunner = command.includes("vitest") || Number(pid) === process.pid;
    return isOurs && !isRunner ? [`process ${pid} ${command} in ${folderOf(pid)}`] : [];
  });
}

/** Someone else on this machine may use Brood too. A folder that was removed is still named. */
function isFolderOfOurs(folder: string): boolean {
  return folder === UNKNOWN || [ROOT, tmpdir()].some((each) => `${folder}/`.startsWith(`${each}/`));
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return "";
  }
}

function folderOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return UNKNOWN;
  }
}
