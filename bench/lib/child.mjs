// Child processes that cannot outlive the bench: whatever is started here is remembered and ended, together with all
// its descendants, when it is stopped or when the bench itself ends. Only what was started here is ever signalled.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { descendants, startTime } from "./proc.mjs";

/** @type {Set<() => void>} run synchronously at exit, the newest first: processes before the folder they use */
const atExit = new Set();
process.on("exit", () => {
  for (const action of [...atExit].reverse()) action();
});
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
  process.once(signal, () => process.exit(1));
}

/** A folder that is gone when the bench ends. The path is short: unix sockets allow 107 bytes. */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), "brood-bench-"));
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  atExit.add(remove);
  return {
    folder,
    remove() {
      atExit.delete(remove);
      remove();
    },
  };
}

/**
 * Runs to the end.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import("node:child_process").SpawnOptions} [options]
 * @returns {Promise<string>} stdout; rejects with both outputs when the exit code is not 0.
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    const { pid } = child;
    const guard = killOnExit(() => (pid === undefined ? [] : [pid]));
    const out = { stdout: "", stderr: "" };
    child.stdout?.on("data", (chunk) => {
      out.stdout += chunk;
    });
    child.stderr?.on("data", (chunk) => {
      out.stderr += chunk;
    });
    child.on("error", (error) => {
      guard();
      reject(error);
    });
    child.on("close", (code, signal) => {
      guard();
      if (code === 0) return resolve(out.stdout);
      const line = `${command} ${args.join(" ")}: exit ${code ?? signal}`;
      reject(new Error(`${line}\n${out.stdout.slice(-2000)}\n${out.stderr.slice(-4000)}`));
    });
  });
}

/**
 * A server in the foreground.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import("node:child_process").SpawnOptions} options
 */
export function startServer(command, args, options) {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const keep = (/** @type {Buffer} */ chunk) => {
    output = (output + chunk).slice(-20_000);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  const exited = new Promise((resolve) => child.once("close", resolve));
  const pid = /** @type {number} */ (child.pid);
  const guard = killOnExit(() => [pid]);
  return {
    pid,
    child,
    exited,
    output: () => output,
    /** @param {RegExp} pattern @param {number} timeoutMs */
    async line(pattern, timeoutMs) {
      const until = performance.now() + timeoutMs;
      while (performance.now() < until) {
        const found = pattern.exec(output);
        if (found) return found;
        if (child.exitCode !== null || child.signalCode !== null) break;
        await sleep(5);
      }
      throw new Error(`${args[0]} did not print ${pattern} within ${timeoutMs} ms:\n${output}`);
    },
    /** SIGTERM, then SIGKILL for it and every descendant that is left. @param {number} timeoutMs */
    async stop(timeoutMs) {
      const all = [pid, ...descendants(pid)].map((each) => ({ pid: each, born: startTime(each) }));
      child.kill("SIGTERM");
      await Promise.race([exited, sleep(timeoutMs, undefined, { ref: false })]);
      const left = await endLeftovers(all);
      guard();
      return left;
    },
  };
}

/**
 * Kills what is still there of processes seen before; a pid that now belongs to another process is left alone.
 * @param {readonly { pid: number, born: string | undefined }[]} processes
 * @returns {Promise<number>} how many were left
 */
export async function endLeftovers(processes) {
  const alive = () =>
    processes.filter((each) => each.born !== undefined && startTime(each.pid) === each.born);
  for (let waited = 0; waited < 1_000 && alive().length > 0; waited += 20) await sleep(20);
  const left = alive();
  for (const each of left) kill(each.pid);
  return left.length;
}

/**
 * @param {() => readonly number[]} roots
 * @returns {() => void} call it when they have been stopped in the ordinary way.
 */
export function killOnExit(roots) {
  const action = () => {
    for (const root of roots()) for (const pid of [root, ...descendants(root)]) kill(pid);
  };
  atExit.add(action);
  return () => atExit.delete(action);
}

function kill(/** @type {number} */ pid) {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}
