// What scripts written for PM2 or node:cluster expect of whoever runs them, so that they run unchanged:
//   process.send("ready")   the script says when it is ready; waited for with `waitReady` (PM2: wait_ready)
//   message "shutdown"      after everything was answered the script is told to end itself (PM2: shutdown_with_message)
//   SIGTERM, else SIGINT    the same for a script that listens for the signal; emitted, since nobody sends it in a roll, and
//                           since the engine has held back one that was sent
//   NODE_APP_INSTANCE       the slot's number, unless node-config is strict about it
// Told last and not first, as PM2 does: a script that calls process.exit() at once has nothing in flight by then.
// Listeners of our own, and of the engine, do not count: only those that came with the application, whenever they came.

import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { heldSignals, isOwnListener } from "@brood/core/worker";

const ENDINGS = ["message", "SIGTERM", "SIGINT"] as const;

type Ending = (typeof ENDINGS)[number];
type Listeners = ReadonlyMap<Ending, ReadonlySet<unknown>>;

/** PM2's own patience (kill_timeout). */
const FAREWELL_MS = 1_600;

export class ScriptConventions {
  /** The script has sent "ready". */
  readonly ready: Promise<void>;
  #isReady: () => void = () => {};
  #foreign: Listeners = new Map();

  constructor() {
    this.ready = new Promise((resolve) => {
      this.#isReady = resolve;
    });
  }

  /** Before the application is loaded; `slot` is -1 in a template. In a thread, or in a forked process, there is no `process.send` otherwise. */
  install(slot: number): void {
    if (slot >= 0) this.#enter(slot);
    this.#foreign = listenersNow();
    const send: unknown = Reflect.get(process, "send");
    Reflect.set(process, "send", (...parameters: readonly unknown[]): boolean => {
      if (parameters[0] === "ready") this.#isReady();
      if (typeof send === "function") return Boolean(Reflect.apply(send, process, parameters));
      const sent = parameters.find((each) => typeof each === "function");
      if (typeof sent === "function") process.nextTick(() => Reflect.apply(sent, undefined, [null]));
      return true;
    });
  }

  /** In a forked worker. */
  enterFork(slot: number): void {
    this.#enter(slot);
  }

  /** Tells the script to end itself and waits until it has: it exits, or nothing of it keeps the process alive any more, or
   *  its time is up. Returns at once when it does not listen.
   *  @param isScript  it called `listen()` itself; an exported application has hooks, and hears only of a signal that was sent.
   *  @param unref  see `HostOrder` */
  async farewell(isScript: boolean, unref: () => void): Promise<void> {
    if (this.#has("message")) process.emit("message", "shutdown", undefined);
    else {
      const held = heldSignals();
      if (!isScript && held.size === 0) return;
      const signals = (["SIGTERM", "SIGINT"] as const).filter((each) => this.#has(each));
      const signal = signals.find((each) => held.has(each)) ?? signals[0];
      if (signal === undefined) return;
      process.emit(signal, signal);
    }
    const timeUp = delay(FAREWELL_MS, undefined, { ref: false });
    unref();
    await Promise.race([once(process, "beforeExit"), timeUp]);
  }

  #enter(slot: number): void {
    // node-config's strict mode refuses a number for which there is no file.
    if (process.env["NODE_CONFIG_STRICT_MODE"]) return;
    process.env["NODE_APP_INSTANCE"] ??= String(slot);
  }

  #has(ending: Ending): boolean {
    const isTheirs = (each: unknown): boolean =>
      !isOwnListener(each) && this.#foreign.get(ending)?.has(each) !== true;
    return process.rawListeners(ending).some(isTheirs);
  }
}

function listenersNow(): Listeners {
  return new Map(ENDINGS.map((ending) => [ending, new Set<unknown>(process.rawListeners(ending))]));
}
