// Runs a program whose system calls fail when it is told so (refuse.c), for tests and for fuzz:errno. It is compiled once, with the
// machine's own C compiler; where that or seccomp's notifications are missing, `missing` says so.

import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const SOURCE = fileURLToPath(new URL("./refuse.c", import.meta.url));
const CACHE = fileURLToPath(new URL("../../../.cache/refuse", import.meta.url));

/** @returns {{ file: string } | { reason: string }} */
function compiled() {
  if (process.platform !== "linux") return { reason: `this is ${process.platform}` };
  const hash = createHash("sha256").update(readFileSync(SOURCE)).digest("hex").slice(0, 16);
  const file = join(CACHE, `refuse-${hash}`);
  if (existsSync(file)) return { file };
  mkdirSync(CACHE, { recursive: true });
  const scratch = `${file}.${process.pid}`;
  const { status, error, stderr } = spawnSync("cc", ["-O1", "-Wall", "-o", scratch, SOURCE], {
    encoding: "utf8",
  });
  if (status !== 0) return { reason: error?.message ?? stderr };
  renameSync(scratch, file);
  return { file };
}

/** Why no call can be made to fail here; null when it can. @returns {string | null} */
export function missing() {
  const program = compiled();
  if ("reason" in program) return program.reason;
  const { status, stderr } = spawnSync(program.file, ["pipe2", "true"], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    encoding: "utf8",
  });
  return status === 0 ? null : stderr;
}

/** Some that Node does not know. */
const NUMBERS = { ...constants.errno, ENFILE: 23, ENOLCK: 37, ETOOMANYREFS: 109 };

/** Starts a program under it. `child` is the helper: it ends as the program does, and takes it along when it is killed.
 *  @param {readonly string[]} calls  those that may fail; the others are not slowed down
 *  @param {readonly string[]} command
 *  @param {import("node:child_process").SpawnOptions & { seed?: number }} options */
export async function underRefusal(calls, command, { seed = 1, ...options } = {}) {
  const program = compiled();
  if ("reason" in program) throw new Error(program.reason);
  const child = spawn(program.file, [calls.join(","), ...command], {
    ...options,
    env: { ...(options.env ?? process.env), REFUSE_SEED: String(seed) },
    stdio: [...(options.stdio ?? ["ignore", "pipe", "pipe"]), "pipe"],
  });
  const control = child.stdio[3];
  control.on("error", () => {});
  const lines = createInterface({ input: control });
  const waiting = [];
  let isOpen = true;
  lines.on("line", (line) => waiting.shift()?.(line));
  lines.on("close", () => {
    isOpen = false;
    for (const each of waiting.splice(0)) each("");
  });
  const answer = () => new Promise((resolve) => (isOpen ? waiting.push(resolve) : resolve("")));
  const ask = (command) => {
    const answered = answer();
    control.write(`${command}\n`);
    return answered;
  };
  const pid = Number(await answer());
  return {
    child,
    /** The program's own. */
    pid,
    /** @param {string} call @param {string} errno @param {number} share of 1 @param {number} ofPid 0: of whoever calls */
    fail: (call, errno, share = 1, ofPid = 0) =>
      ask(`fail ${call} ${NUMBERS[errno]} ${Math.round(share * 1e6)} ${ofPid}`),
    /** Every call is let through. */
    clear: () => ask("clear"),
    /** How many were refused since the last `clear`. */
    count: async () => Number(await ask("count")),
  };
}
