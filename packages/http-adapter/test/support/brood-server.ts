// A server as a user runs it: the `brood` command in a folder of its own, with releases that answer with their version.
// Ended, and its folder removed, when the test ends; what it printed is shown when the test fails.

import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { promises as fs } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ServiceStats } from "@brood/core";
import { onTestFailed, onTestFinished } from "vitest";
import { statsOf } from "./control.ts";
import { SPAWN } from "./spawn.ts";
import { within } from "./within.ts";

const BROOD = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
/** Where it can be imported from any folder. */
export const EXPRESS: string = createRequire(import.meta.url).resolve("express");

/** An Express app that answers with the version it was loaded with. */
export function expressApp(version: string): string {
  return `import express from ${JSON.stringify(EXPRESS)};
const app = express();
app.get("/", (request, response) => response.send(${JSON.stringify(version)}));
app.get("/slow", (request, response) => setTimeout(() => response.send(${JSON.stringify(version)}), 1_000));
export default app;
`;
}

export interface CommandEnd {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface BroodServer {
  readonly child: ChildProcess;
  readonly pid: number;
  /** As printed: `tcp://127.0.0.1:41233`, `unix:/…`. */
  readonly addresses: readonly string[];
  readonly pidfile: string;
  readonly control: string;
  /** Runs `brood <args>` against this server. */
  command(...args: readonly string[]): Promise<CommandEnd>;
  stats(): Promise<ServiceStats>;
  /** What it has printed to stderr so far. */
  log(): string;
  ended(): Promise<{ readonly exitCode: number | null; readonly signal: string | null }>;
}

/** A folder of the test's own; removed with everything in it. */
export async function testFolder(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = await fs.mkdtemp(join(tmpdir(), "brood-http-"));
  onTestFinished(() => fs.rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await fs.mkdir(join(folder, name, ".."), { recursive: true });
    await fs.writeFile(join(folder, name), text);
  }
  return folder;
}

/** Runs `brood` to its end, with more in its environment. */
export async function brood(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<CommandEnd> {
  const stdio: StdioOptions = ["ignore", "pipe", "pipe"];
  const child = spawn(process.execPath, [BROOD, ...args], { cwd, env: { ...process.env, ...env }, stdio });
  const output = capture(child);
  const [exitCode] = (await once(child, "close")) as [number | null];
  return { exitCode, stdout: output.stdout(), stderr: output.stderr() };
}

/** Starts `brood start app.mjs` in `folder` and waits for its ready line. */
export function startBrood(folder: string, ...args: readonly string[]): Promise<BroodServer> {
  return startBroodWith({}, folder, ...args);
}

/** The same, with more in its environment. */
export function startBroodWith(
  env: Readonly<Record<string, string>>,
  folder: string,
  ...args: readonly string[]
): Promise<BroodServer> {
  const entry = args[0]?.startsWith("-") === false ? [] : ["app.mjs"];
  return startBroodIn({ folder, cwd: folder, env }, ...entry, ...args);
}

export interface BroodPlace {
  /** For its pidfile and control socket. */
  readonly folder: string;
  /** When that is another one. */
  readonly pidfile?: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** In a process group of its own, which can be signalled as a terminal or systemd does. */
  readonly hasOwnGroup?: boolean;
  /** What runs the command, when that is not Node itself: `brood <args>` is appended. */
  readonly through?: (brood: readonly string[]) => readonly [command: string, ...args: string[]];
}

/** The same, in any working directory. */
export async function startBroodIn(place: BroodPlace, ...args: readonly string[]): Promise<BroodServer> {
  const { folder, cwd, env, pidfile = join(folder, "pid") } = place;
  const control = join(folder, "control.sock");
  // Behind it are the script's own.
  const own = args.includes("--") ? args.indexOf("--") : args.length;
  const argv = [
    process.execPath,
    BROOD,
    "start",
    "--spawn",
    SPAWN,
    ...args.slice(0, own),
    "--pidfile",
    pidfile,
    "--control",
    control,
    ...args.slice(own),
  ];
  const [file = process.execPath, ...rest] = place.through?.(argv) ?? argv;
  const child = spawn(file, rest, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: place.hasOwnGroup === true,
  });
  const output = capture(child);
  onTestFailed(() => console.error(`${output.stdout()}\n${output.stderr()}`));
  // npm passes no QUIT on: the server itself gets it, once its pid is known.
  let endNow = (): void => void child.kill("SIGQUIT");
  const exit = once(child, "exit") as Promise<[number | null, string | null]>;
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) endNow();
    await within("the server's end", exit);
  });
  const shown = (): string => output.stdout() + output.stderr();
  const ready = await within("brood ready", output.line(/^brood ready .*listen=(\S+)/m), shown, 60_000);
  const pid = Number(/^brood ready .*\bpid=(\d+)/m.exec(output.stdout())?.[1]);
  if (place.through !== undefined) endNow = () => void process.kill(pid, "SIGQUIT");
  const command = (...words: readonly string[]): Promise<CommandEnd> =>
    brood([...words, "--control", control], folder);
  return {
    child,
    pid,
    addresses: (ready[1] ?? "").split(","),
    pidfile,
    control,
    command,
    log: () => output.stderr(),
    stats: () => statsOf(control),
    ended: async () => {
      const [exitCode, signal] = await within("the server's end", exit, shown, 40_000);
      return { exitCode, signal };
    },
  };
}

interface Captured {
  stdout(): string;
  stderr(): string;
  /** Resolves when stdout matches; rejects when the process ends before. */
  line(pattern: RegExp): Promise<RegExpExecArray>;
}

function capture(child: ChildProcess): Captured {
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      texts[name] += text;
    });
  }
  return {
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(texts.stdout);
          if (match !== null) resolve(match);
        };
        child.stdout?.on("data", look);
        child.once("exit", (code) =>
          reject(new Error(`ended with ${code} before ${pattern}\n${texts.stderr}`)),
        );
      }),
  };
}
