// The file with the supervisor's pid, for `kill -USR2 $(cat pidfile)`. While the server runs it holds a lock on the open
// file (path-lock.ts), which the kernel drops when the server ends: that tells an owner from a file left behind, also when
// the pid in it belongs to another program by now, and it lets one of several starters have it. A server that holds no
// lock (another Brood version) is known on Linux by its process title, if it started before the file was written.
// It is written in place, as other daemons do: a symlink stays and its target is written, a file that was made for us in a
// folder that is not ours will do. It is removed (the target of a link, not the link) only while it holds our pid.

import {
  closeSync,
  constants,
  promises as fs,
  fstatSync,
  ftruncateSync,
  openSync,
  realpathSync,
  writeSync,
} from "node:fs";
import { badOption, PoolError } from "@brood/core/errors";
import { checkFileKind } from "./file-kind.ts";
import { isFileAt, tryLockFile } from "./listen/path-lock.ts";

/** Set by the command, read here: how a Brood server looks in ps. */
export const PROCESS_TITLE_PREFIX = "brood ";

/** What an existing file tells: nothing there, nothing usable or a dead process, a live process, a live server. */
export type PidfileState = "absent" | "dead" | "alive" | "server";

const FILE_MODE = 0o644;
/** O_NONBLOCK: a FIFO must not hold us up before we see that it is one. */
const OPEN_FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK;

export async function inspectPidfile(path: string): Promise<PidfileState> {
  const stats = await fs.stat(path).catch(() => null);
  if (stats === null) return "absent";
  const text = stats.isFile() ? await fs.readFile(path, "latin1").catch(() => "") : "";
  const pid = /^\s*\d{1,10}\s*$/.test(text) ? Number(text) : 0;
  if (pid === 0 || !isAlive(pid)) return "dead";
  if (pid === process.pid) return "alive";
  const commandLine = await fs.readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => "");
  if (!commandLine.startsWith(PROCESS_TITLE_PREFIX)) return "alive";
  return (await hasStartedAfter(pid, stats.mtimeMs)) ? "dead" : "server";
}

/** Takes the file for as long as this process lives or until it is removed.
 *  @returns what removes it. @throws PoolError BROOD_BAD_OPTION when it cannot be written or is a live server's. */
export async function writePidfile(path: string, state: PidfileState): Promise<() => Promise<void>> {
  if (state === "server") throw taken(path);
  checkFileKind("pidfile", path);
  const { descriptor, unlock } = openLocked(path);
  try {
    if ((await inspectPidfile(path)) === "server") throw taken(path);
    write(descriptor, path);
    const real = await fs.realpath(path);
    return async () => {
      await removePidfile(real, descriptor);
      unlock();
      closeSync(descriptor);
    };
  } catch (error) {
    // Made by us, and of no use to anybody.
    const stats = fstatSync(descriptor);
    if (stats.isFile() && stats.size === 0 && isFileAt(path, descriptor)) {
      await fs
        .realpath(path)
        .then(fs.unlink)
        .catch(() => undefined);
    }
    unlock();
    closeSync(descriptor);
    throw error;
  }
}

function openLocked(path: string): { readonly descriptor: number; readonly unlock: () => void } {
  for (;;) {
    let descriptor: number;
    try {
      descriptor = openSync(path, OPEN_FLAGS, FILE_MODE);
    } catch (cause) {
      throw unwritable(path, cause);
    }
    const unlock = tryLockFile(realpathSync(path), descriptor);
    if (unlock !== null && isFileAt(path, descriptor)) return { descriptor, unlock };
    unlock?.();
    closeSync(descriptor);
    if (unlock === null) throw taken(path);
    // Its last holder has removed it since we opened it.
  }
}

/** In place, and never empty in between. */
function write(descriptor: number, path: string): void {
  const text = `${process.pid}\n`;
  try {
    writeSync(descriptor, text, 0, "latin1");
    ftruncateSync(descriptor, text.length);
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

async function removePidfile(path: string, descriptor: number): Promise<void> {
  const text = await fs.readFile(path, "latin1").catch(() => "");
  if (text.trim() !== String(process.pid) || !isFileAt(path, descriptor)) return;
  await fs.unlink(path).catch(() => ftruncateSync(descriptor, 0));
}

/** A process that is younger than what names it is another one: its number was given out again. */
async function hasStartedAfter(pid: number, atMs: number): Promise<boolean> {
  const [stat, system] = await Promise.all(
    [`/proc/${pid}/stat`, "/proc/stat"].map((each) => fs.readFile(each, "latin1").catch(() => "")),
  );
  // After the name in brackets come state, ppid, ...; the 20th of these is the start, in ticks since the machine's.
  const ticks = Number(stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  const machineAtMs = Number(/^btime (\d+)$/m.exec(system ?? "")?.[1]) * 1_000;
  return machineAtMs + (ticks / TICKS_PER_SECOND) * 1_000 > atMs + CLOCK_SLACK_MS;
}

/** USER_HZ, on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
/** `btime` is rounded to a second, and moves when the clock is set. */
const CLOCK_SLACK_MS = 5_000;

function taken(path: string): PoolError {
  return badOption("pidfile", path, "a file of its own: this one names a Brood server that runs");
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
