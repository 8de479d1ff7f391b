// A real worker process with the built host in it, driven step by step by the test (fixtures/worker-runner.mjs).

import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { fileURLToPath } from "node:url";
import type { TestSocket } from "./bound-sockets.ts";
import { within } from "./within.ts";

export type Told = Readonly<Record<string, unknown>> & { readonly told: string };
export type Step = "create" | "boot" | "open" | "drain" | "close" | "usage";

export interface StepError extends Error {
  readonly code: string | null;
}

const RUNNER = fileURLToPath(new URL("../fixtures/worker-runner.mjs", import.meta.url));

export class WorkerProcess {
  /** What the application told, in order. */
  readonly told: Told[] = [];
  readonly #child: ChildProcess;
  readonly #events = new EventEmitter();
  #output = "";
  #nextId = 1;

  constructor(sockets: readonly TestSocket[]) {
    this.#child = spawn(process.execPath, [RUNNER], {
      stdio: ["ignore", "pipe", "pipe", "ipc", ...sockets.map((each) => each.descriptor)],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output += text;
      });
    }
    this.#child.on("message", (message: { id?: number; told?: string }) => {
      if (message.id !== undefined) this.#events.emit(`step ${message.id}`, message);
      else if (message.told !== undefined) {
        this.told.push({ ...message, told: message.told });
        this.#events.emit("told");
      }
    });
    this.#child.on("exit", (code, signal) => this.#events.emit("exit", code, signal));
  }

  /** Everything it has printed. */
  get output(): string {
    return this.#output;
  }

  /** Resolves with the step's value, rejects with its error, or when the process ends or is too slow. */
  step(step: Step, order?: unknown): Promise<unknown> {
    const id = this.#nextId++;
    const answered = new Promise((resolve, reject) => {
      this.#events.once(`step ${id}`, ({ value, error }) => {
        if (error === undefined) resolve(value);
        else reject(Object.assign(new Error(error.message), { code: error.code }));
      });
      this.#events.once("exit", (code, signal) =>
        reject(new Error(`the worker ended with ${code ?? signal} during ${step}: ${this.#output}`)),
      );
    });
    this.#child.send({ id, step, order });
    const result = within(`step ${step}`, answered, () =>
      JSON.stringify({ told: this.told, output: this.#output }),
    );
    result.catch(() => {}); // a test that has failed already awaits it no more
    return result;
  }

  /** Resolves once its heartbeat would report so many. */
  async reports(what: "requests" | "connections", count: number): Promise<void> {
    const reported = (async () => {
      for (;;) {
        const usage = await this.step("usage");
        if (typeof usage === "object" && usage !== null && Reflect.get(usage, what) === count) return;
      }
    })();
    await within(`${count} ${what}`, reported);
  }

  say(message: { readonly say: string; readonly forMs?: number }): void {
    this.#child.send(message);
  }

  /** Resolves with what was told under this name, the `count`th time. */
  async hears(name: string, count = 1): Promise<Told> {
    const find = (): Told | undefined => this.told.filter((each) => each.told === name)[count - 1];
    const heard = (async () => {
      for (;;) {
        const found = find();
        if (found !== undefined) return found;
        await once(this.#events, "told");
      }
    })();
    return within(`${name} told`, heard, () => JSON.stringify({ told: this.told, output: this.#output }));
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async ended(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      await within("end of the worker", once(this.#child, "exit"));
    }
  }
}
