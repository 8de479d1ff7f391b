// `new Worker()` of node:worker_threads. Until the fork it is a stand-in: a Worker by its class, on which one may listen and to which
// one may post; each process of the service starts the thread itself, and what was posted follows. Events, methods and
// properties are the real one's from then on. A pool (piscina, tinypool, thread-stream) notices nothing.
// Who waits for a held thread without giving up its own (Atomics.wait, as esbuild's synchronous functions do) would wait for
// ever. So the threads are started then, and the template is refused for them.

import { EventEmitter } from "node:events";
import { syncBuiltinESMExports } from "node:module";
import threads, { type Worker } from "node:worker_threads";
import { callerHere } from "../origins.ts";
import type { HeldThings } from "./held-things.ts";

type Call = readonly [method: string, parameters: readonly unknown[]];

export function holdThreads(held: HeldThings): void {
  const WorkerOfNode = threads.Worker;
  const all = new Set<HeldThread>();
  const led = new Proxy(WorkerOfNode, {
    construct(target, parameters, newTarget) {
      if (!held.isHolding) return Reflect.construct(target, parameters, newTarget);
      const thread = new HeldThread(target, parameters, newTarget, all.size + 1);
      all.add(thread);
      held.hold({
        kind: "threads",
        what: `a thread (${String(parameters[0]).slice(0, 200)})`,
        isWanted: () => thread.isHeld,
        perform: () => thread.start(),
        failed: (error) => void thread.standIn.emit("error", error),
      });
      return thread.standIn;
    },
  });
  Reflect.set(threads, "Worker", led);
  syncBuiltinESMExports();
  const waitOfV8 = Atomics.wait;
  Atomics.wait = function wait(this: unknown, ...parameters: unknown[]) {
    if (held.isHolding) startAll(all);
    return Reflect.apply(waitOfV8, Atomics, parameters);
  } as typeof Atomics.wait;
}

/** The look before the fork finds them. */
function startAll(all: ReadonlySet<HeldThread>): void {
  const started = [...all].filter((each) => each.isHeld);
  if (started.length === 0) return;
  process.stderr.write(
    `brood: a thread is started in the template, since the program waits for it (Atomics.wait) at ${callerHere() ?? "an unknown place"}.\n`,
  );
  for (const each of started) each.start();
}

class HeldThread {
  readonly standIn: EventEmitter;
  readonly #class: typeof Worker;
  readonly #parameters: readonly unknown[];
  readonly #calls: Call[] = [];
  #real: Worker | null = null;
  #isEnded = false;

  constructor(
    target: typeof Worker,
    parameters: readonly unknown[],
    newTarget: { readonly prototype: object },
    id: number,
  ) {
    this.#class = target;
    const [file, options] = parameters;
    this.#parameters = [file, options === undefined ? undefined : copyOfOptions(options)];
    this.standIn = Object.create(newTarget.prototype);
    Reflect.apply(EventEmitter, this.standIn, []);
    for (const name of ["ref", "unref"]) this.#define(name, this.#later(name, this.standIn));
    this.#define("postMessage", (...given: unknown[]) => this.#post(given));
    this.#define("terminate", () => this.#terminate());
    for (const name of ["stdin", "stdout", "stderr"]) this.#read(name, null);
    this.#read("threadId", id);
    this.#read("resourceLimits", {});
    this.#read("performance", { eventLoopUtilization: () => ({ idle: 0, active: 0, utilization: 0 }) });
    for (const name of ["getHeapSnapshot", "getHeapStatistics", "cpuUsage"])
      if (name in target.prototype)
        this.#define(name, (...given: unknown[]) => this.#whenStarted(name, given));
  }

  get isHeld(): boolean {
    return this.#real === null && !this.#isEnded;
  }

  start(): void {
    if (!this.isHeld) return;
    const real = Reflect.construct(this.#class, this.#parameters) as Worker;
    this.#real = real;
    const { standIn } = this;
    const emitOfNode = real.emit;
    real.emit = (...parameters: unknown[]): boolean => {
      const isHeard = standIn.emit(...(parameters as [string]));
      return parameters[0] === "error" ? isHeard : Reflect.apply(emitOfNode, real, parameters) || isHeard;
    };
    for (const [method, parameters] of this.#calls.splice(0))
      Reflect.apply(Reflect.get(real, method), real, parameters);
  }

  #define(name: string, value: (...parameters: unknown[]) => unknown): void {
    Object.defineProperty(this.standIn, name, { value, writable: true, configurable: true });
  }

  #read(name: string, before: unknown): void {
    const get = (): unknown => (this.#real === null ? before : Reflect.get(this.#real, name));
    Object.defineProperty(this.standIn, name, { get, configurable: true });
  }

  #later(method: string, result: unknown): (...parameters: unknown[]) => unknown {
    return (...parameters) => {
      if (this.#real === null) this.#calls.push([method, parameters]);
      else Reflect.apply(Reflect.get(this.#real, method), this.#real, parameters);
      return result;
    };
  }

  /** What is posted is copied at once, as Node does; what is given away with it cannot be. */
  #post([message, transfer]: readonly unknown[]): void {
    if (this.#isEnded) return;
    if (this.#real !== null) return this.#real.postMessage(message, transfer as []);
    const isCopied = transfer === undefined || (Array.isArray(transfer) && transfer.length === 0);
    this.#calls.push(["postMessage", isCopied ? [structuredClone(message)] : [message, transfer]]);
  }

  #terminate(): Promise<unknown> {
    if (this.#real !== null) return this.#real.terminate();
    this.#isEnded = true;
    process.nextTick(() => this.standIn.emit("exit", 1));
    return Promise.resolve(1);
  }

  #whenStarted(method: string, parameters: readonly unknown[]): unknown {
    if (this.#real !== null) return Reflect.apply(Reflect.get(this.#real, method), this.#real, parameters);
    const started = new Promise<unknown>((resolve) => this.#calls.push(["once", ["online", resolve]]));
    return started.then(() => this.#whenStarted(method, parameters));
  }
}

/** As they are now; what is given away with them stays. */
function copyOfOptions(options: unknown): unknown {
  if (typeof options !== "object" || options === null) return options;
  const copy = { ...options } as { workerData?: unknown; transferList?: readonly unknown[] };
  const isCopied = copy.workerData !== undefined && (copy.transferList?.length ?? 0) === 0;
  return isCopied ? { ...copy, workerData: structuredClone(copy.workerData) } : copy;
}
