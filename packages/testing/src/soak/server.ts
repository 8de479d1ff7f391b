// The server of a soak as a user runs it: `brood`, started inside `current` by a shell that has gone there, so that the folder's
// name is the link's. What is asked of it afterwards goes over its control socket, as the commands do it.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PoolError, type RollResult, type ServiceStats } from "@brood/core";

const BROOD = join(fileURLToPath(import.meta.resolve("@brood/http-adapter/package.json")), "../bin/brood.js");

/** Of a graceful stop; drains have 3 s. */
const STOP_WITHIN_MS = 15_000;

export interface SoakServerOptions {
  /** The link. */
  readonly current: string;
  readonly control: string;
  readonly args: readonly string[];
  /** A line of what it says. */
  readonly say: (line: string) => void;
}

/** An event of the server, as it tells it. */
export type OnEvent = (name: string, data: Readonly<Record<string, unknown>>) => void;

export class SoakServer {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #options: SoakServerOptions;

  private constructor(child: ChildProcess, url: string, options: SoakServerOptions) {
    this.#child = child;
    this.url = url;
    this.#options = options;
  }

  /** Resolves when it is ready. */
  static async start(options: SoakServerOptions): Promise<SoakServer> {
    const { current, control, args, say } = options;
    const child = brood(["start", ...args, "--control", control, "--name", "soak"], current);
    const output = lines(child, say);
    const ended = once(child, "exit").then(([code]) => Promise.reject(new Error(`brood ended with ${code}`)));
    const ready = await Promise.race([output(/^brood ready .*listen=tcp:(\S+)/), ended]);
    ended.catch(() => {});
    return new SoakServer(child, `http:${ready[1]}`, options);
  }

  async stats(): Promise<ServiceStats> {
    return statsOf(await this.#ask("GET", "/stats"));
  }

  /** What the link names now, or a generation. */
  async restart(to?: number): Promise<RollResult> {
    return rollResultOf(await this.#ask("POST", "/restart", to === undefined ? {} : { to }));
  }

  /** The same by the command itself. */
  async restartByCommand(): Promise<RollResult> {
    const child = brood(["restart", "--json", "--control", this.#options.control], this.#options.current);
    let told = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      told += text;
    });
    child.stderr?.resume();
    await once(child, "close");
    return rollResultOf(JSON.parse(told));
  }

  async scale(workers: number): Promise<void> {
    await this.#ask("POST", "/scale", { workers });
  }

  /** From now on. */
  async watch(onEvent: OnEvent): Promise<void> {
    const stream = await open(this.#options.control, "GET", "/events");
    let text = "";
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      const events = (text + chunk).split("\n\n");
      text = events.pop() ?? "";
      for (const event of events) {
        const [, name = "", data = "{}"] = /^event: (.*)\ndata: (.*)$/.exec(event) ?? [];
        onEvent(name, JSON.parse(data));
      }
    });
    stream.on("error", () => {});
  }

  /** Gracefully, at once where that takes too long. Resolves with its exit code when it has gone. */
  async stop(): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_WITHIN_MS);
    await exit;
    clearTimeout(timer);
    return this.#child.exitCode;
  }

  async #ask(method: "GET" | "POST", path: string, body: object = {}): Promise<unknown> {
    const answer = await open(this.#options.control, method, path, body);
    let text = "";
    for await (const chunk of answer) text += String(chunk);
    const told: unknown = JSON.parse(text);
    if (answer.statusCode === 200) return told;
    throw refusal(told);
  }
}

/** As a shell starts it: `$PWD` is what the user called the folder. */
function brood(args: readonly string[], folder: string): ChildProcess {
  const env = { ...process.env, PWD: folder };
  return spawn(process.execPath, [BROOD, ...args], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
}

/** @returns what waits for a line on stdout */
function lines(
  child: ChildProcess,
  say: (line: string) => void,
): (pattern: RegExp) => Promise<RegExpExecArray> {
  const waiting: ((line: string) => void)[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    let text = "";
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      const all = (text + chunk).split("\n");
      text = all.pop() ?? "";
      for (const line of all) {
        say(line);
        for (const look of waiting) look(line);
      }
    });
  }
  return (pattern) =>
    new Promise((resolve) => {
      waiting.push((line) => {
        const match = pattern.exec(line);
        if (match !== null) resolve(match);
      });
    });
}

function open(control: string, method: string, path: string, body?: object): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: control, method, path, agent: false }, resolve);
    asked.once("error", reject);
    asked.end(method === "POST" ? JSON.stringify(body) : undefined);
  });
}

function refusal(told: unknown): Error {
  const { code, message }: Record<string, unknown> = typeof told === "object" ? { ...told } : {};
  if (code === "BROOD_BUG") return new PoolError("BROOD_BUG", String(message));
  return new PoolError("BROOD_CONTROL_FAILED", `${String(code)}: ${String(message)}`);
}

/** The codecs of what a server of the same release has written. */
function statsOf(told: unknown): ServiceStats {
  return told as ServiceStats;
}

function rollResultOf(told: unknown): RollResult {
  return told as RollResult;
}
