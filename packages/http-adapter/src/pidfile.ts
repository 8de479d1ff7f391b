// The file with the supervisor's pid, for `kill -USR2 $(cat pidfile)`. It points at the server, it is not a lock:
// addresses and the control socket are. A pid in an old file may belong to anybody by now, so a file left behind
// is replaced; only one that names a live Brood server (known on Linux by its process title) is refused, because two
// servers would then take turns in it. Written whole with rename(2), removed only while it still holds our pid.

import { promises as fs } from "node:fs";
import { badOption, PoolError } from "@brood/core/errors";

/** Set by the command, read here: how a Brood server looks in ps. */
export const PROCESS_TITLE_PREFIX = "brood ";

/** What an existing file tells: nothing there, nothing usable or a dead process, a live process, a live server. */
export type PidfileState = "absent" | "dead" | "alive" | "server";

export async function inspectPidfile(path: string): Promise<PidfileState> {
  const text = await fs.readFile(path, "latin1").catch(() => null);
  if (text === null) return "absent";
  const pid = /^\s*\d{1,10}\s*$/.test(text) ? Number(text) : 0;
  if (pid === 0 || !isAlive(pid)) return "dead";
  if (pid === process.pid) return "alive";
  const commandLine = await fs.readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => "");
  return commandLine.startsWith(PROCESS_TITLE_PREFIX) ? "server" : "alive";
}

/** @returns what removes it. @throws PoolError BROOD_BAD_OPTION when it cannot be written or names a live server. */
export async function writePidfile(path: string, state: PidfileState): Promise<() => Promise<void>> {
  if (state === "server") {
    throw badOption("pidfile", path, "a file of its own: this one names a Brood server that runs");
  }
  const temporary = `${path}.${process.pid}`;
  try {
    await fs.writeFile(temporary, `${process.pid}\n`, { flush: true });
    await fs.rename(temporary, path);
  } catch (cause) {
    await fs.unlink(temporary).catch(() => undefined);
    throw unwritable(path, cause);
  }
  return () => removePidfile(path);
}

async function removePidfile(path: string): Promise<void> {
  const text = await fs.readFile(path, "latin1").catch(() => "");
  if (text.trim() === String(process.pid)) await fs.unlink(path).catch(() => undefined);
}

function unwritable(path: string, cause: unknown): PoolError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `option pidfile: got ${JSON.stringify(path)}, expected a file that can be written (${reason})`;
  return new PoolError("BROOD_BAD_OPTION", message, { details: { option: "pidfile", value: path }, cause });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, as another user's process.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
