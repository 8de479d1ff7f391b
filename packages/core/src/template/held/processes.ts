// Child processes: spawn, exec, execFile and fork all go through ChildProcess's own `spawn`. Until the fork the child is the object
// that it will be, with streams that keep what is written and give what comes; each worker starts a process of its own. The
// synchronous ones (execFileSync) end before they return, and are not held.

import { ChildProcess } from "node:child_process";
import { PassThrough } from "node:stream";
import { finished } from "node:stream/promises";
import { detached } from "../../link/detached.ts";
import type { HeldThings } from "./held-things.ts";

type Spawn = (this: ChildProcess, options: Options) => unknown;
type Call = readonly [method: string, parameters: readonly unknown[]];

interface Options {
  readonly file?: unknown;
  readonly args?: readonly unknown[];
  readonly stdio?: unknown;
}

const KEPT = ["kill", "ref", "unref", "send", "disconnect"] as const;

const STREAMS = ["stdin", "stdout", "stderr"] as const;

type Standing = Partial<Record<(typeof STREAMS)[number], PassThrough>>;

export function holdProcesses(held: HeldThings): void {
  const prototype = ChildProcess.prototype as unknown as { spawn: Spawn };
  const spawnOfNode = prototype.spawn;
  prototype.spawn = function (options) {
    if (!held.isHolding) return Reflect.apply(spawnOfNode, this, [options]);
    const stdio = kindsOf(options.stdio);
    // Descriptors and handles of the program: what is in them would be read by several.
    if (stdio === null) return Reflect.apply(spawnOfNode, this, [options]);
    hold(this, options, stdio, held, spawnOfNode);
    return 0;
  };
}

function hold(
  child: ChildProcess,
  options: Options,
  stdio: readonly string[],
  held: HeldThings,
  spawnOfNode: Spawn,
): void {
  const calls: Call[] = [];
  const standing: Standing = {};
  for (const [index, name] of STREAMS.entries())
    if (stdio[index] === "pipe" || stdio[index] === "overlapped") standing[name] = new PassThrough();
  Object.assign(child, { stdin: null, stdout: null, stderr: null }, standing);
  Object.assign(child, {
    stdio: stdio.map((_, index) => (index < STREAMS.length && standing[STREAMS[index] ?? "stdin"]) || null),
  });
  const hasChannel = stdio.includes("ipc");
  for (const name of KEPT) {
    if (!hasChannel && (name === "send" || name === "disconnect")) continue;
    const keep = (...parameters: unknown[]): boolean => calls.push([name, parameters]) > 0;
    Object.defineProperty(child, name, { value: keep, writable: true, configurable: true });
  }
  if (hasChannel) Object.assign(child, { connected: true });
  held.hold({
    kind: "processes",
    what: `a child process (${String(options.file)})`,
    isWanted: () => true,
    perform() {
      for (const name of KEPT) Reflect.deleteProperty(child, name);
      const failure: unknown = Reflect.apply(spawnOfNode, child, [options]);
      join(child, standing);
      if (typeof failure === "number" && failure !== 0) return;
      for (const [method, parameters] of calls)
        Reflect.apply(Reflect.get(child, method) as () => unknown, child, parameters as []);
    },
    failed: (error) => void child.emit("error", error),
  });
}

/** The program has the streams that it got; `close` comes when these have ended, as with real ones. */
function join(child: ChildProcess, standing: Standing): void {
  const { stdin, stdout, stderr } = child;
  // It could not be started.
  if (standing.stdin !== undefined && stdin === standing.stdin) return;
  if (standing.stdout !== undefined && stdout === standing.stdout) return;
  if (stdin !== null) standing.stdin?.pipe(stdin);
  if (standing.stdout !== undefined) stdout?.pipe(standing.stdout);
  if (standing.stderr !== undefined) stderr?.pipe(standing.stderr);
  // Also where Node looks for streams that nobody has read, when the process ends.
  const stdio = child.stdio.map(
    (each, index) => (index < STREAMS.length && standing[STREAMS[index] ?? "stdin"]) || each,
  );
  Object.assign(child, standing, { stdio });
  const read = [standing.stdout, standing.stderr].filter((each) => each !== undefined);
  if (read.length === 0) return;
  const emitOfNode = child.emit;
  child.emit = ((...parameters: [string, ...unknown[]]): boolean => {
    if (parameters[0] !== "close") return Reflect.apply(emitOfNode, child, parameters);
    const ends = Promise.allSettled(read.map((each) => finished(each)));
    const rethrow = (error: unknown): void => {
      // As from the event itself: a listener of the application's threw.
      queueMicrotask(() => {
        throw error;
      });
    };
    detached(
      ends.then(() => Reflect.apply(emitOfNode, child, parameters)),
      rethrow,
    );
    return child.listenerCount("close") > 0;
  }) as typeof child.emit;
}

/** Of each stream: `pipe`, `ignore`, `inherit`, `ipc`. Null: one is something else. */
function kindsOf(stdio: unknown): readonly string[] | null {
  if (stdio === undefined || stdio === null) return ["pipe", "pipe", "pipe"];
  if (typeof stdio === "string") return [stdio, stdio, stdio];
  if (!Array.isArray(stdio)) return null;
  const kinds = stdio.map((each, index) => {
    if (each === undefined || each === null) return index < STREAMS.length ? "pipe" : "ignore";
    if (typeof each === "string") return each;
    const name = STREAMS[index];
    const isOwn = each === index || (name !== undefined && each === Reflect.get(process, name));
    return isOwn ? "inherit" : null;
  });
  return kinds.every((each) => each !== null) ? kinds : null;
}
