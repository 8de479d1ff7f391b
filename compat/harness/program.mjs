// A program under test: started in a process group of its own, with what it prints kept, and always ended. Everything that
// descends from it carries COMPAT_RUN in its environment, by which it is found however it was started.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atEnd } from "./at-end.mjs";
import { until } from "./until.mjs";

const SHOWN_CHARS = 3_000;

/** A folder of this run's own (its TMPDIR, its control socket) and a port that is free. */
export async function place() {
  const folder = mkdtempSync(join(tmpdir(), "brood-compat-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const forget = atEnd(() => {
    killRun({ folder });
    remove();
  });
  return {
    ...{ folder, port: await freePort() },
    remove: () => {
      forget();
      remove();
    },
  };
}

export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** @param args of node */
export function start(args, { cwd, env, spot }) {
  const { NODE_OPTIONS: _options, VITEST: _vitest, ...inherited } = process.env;
  const own = {
    TMPDIR: spot.folder,
    COMPAT_RUN: spot.folder,
    PORT: String(spot.port),
    NODE_ENV: "production",
  };
  const child = spawn(process.execPath, args, {
    ...{ cwd, detached: true, stdio: ["ignore", "pipe", "pipe"] },
    env: { ...inherited, NODE_DISABLE_COMPILE_CACHE: "1", HOST: "127.0.0.1", ...own, ...env },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  return {
    ...{ child, hasEnded, output: () => output },
    tail: () => output.slice(-SHOWN_CHARS),
    /** TERM, then a deadline. @returns exit code or signal; undefined when it had to be killed */
    async end(deadlineMs) {
      if (!hasEnded()) child.kill("SIGTERM");
      try {
        await until("the end", hasEnded, deadlineMs);
        return child.exitCode ?? child.signalCode;
      } catch {
        return undefined;
      }
    },
    killAll: () => killRun(spot),
  };
}

/** Processes of this run that are there now: `pid command`. */
export function processesOf(spot) {
  const mark = `COMPAT_RUN=${spot.folder}`;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && textOf(`/proc/${name}/environ`).split("\0").includes(mark))
    .map((pid) => `${pid} ${textOf(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim()}`);
}

/** Sockets, and what Brood itself made, in the run's temporary folder. */
export function filesOf(spot) {
  return readdirSync(spot.folder, { withFileTypes: true })
    .filter((entry) => entry.isSocket() || entry.name.startsWith("brood"))
    .map((entry) => entry.name);
}

function killRun(spot) {
  for (const process_ of processesOf(spot)) {
    try {
      process.kill(Number.parseInt(process_, 10), "SIGKILL");
    } catch {
      // It has gone meanwhile.
    }
  }
}

function textOf(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
