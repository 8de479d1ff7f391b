// One client: sends a request, waits for its outcome, thinks, sends the next. Closed loop, so the number of clients is the
// largest number of requests in flight.

import { setImmediate } from "node:timers/promises";
import type { Asker } from "./asker.ts";
import type { Outcome } from "./exchange.ts";
import type { ProbeRequest } from "./request.ts";
import { wallClockMs } from "./wall-clock.ts";

/** A refused connection fails in microseconds. Without a pause a stopped server would yield thousands of errors/s. */
const PAUSE_AFTER_FAILURE_MS = 5;

export interface ClientOrder {
  readonly asker: Asker;
  /** The next request; may throw. */
  readonly next: (turn: number) => ProbeRequest;
  /** How long to wait between an outcome and the next request. */
  readonly thinkMs: () => number;
  /** Counts the outcome; false when it was not a good answer. */
  readonly record: (outcome: Outcome, sentAtMs: number, latencyMs: number) => boolean;
}

export class Client {
  readonly #order: ClientOrder;
  readonly #done: Promise<void>;
  #isStopping = false;
  #endPause: () => void = () => {};
  #isWaiting = false;

  /** Starts at once. @param onFirst called after the first outcome. */
  constructor(order: ClientOrder, onFirst: () => void) {
    this.#order = order;
    this.#done = this.#run(onFirst);
  }

  /** Has a request out. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Lets the request in flight end, within its timeout, then closes. Resolves when no socket is left. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#endPause();
    await this.#done;
    await this.#order.asker.close();
  }

  async #run(onFirst: () => void): Promise<void> {
    const { record, thinkMs } = this.#order;
    for (let turn = 0; !this.#isStopping; turn += 1) {
      const sentAtMs = wallClockMs();
      const startedAtMs = performance.now();
      this.#isWaiting = true;
      const outcome = await this.#ask(turn);
      this.#isWaiting = false;
      const isGood = record(outcome, sentAtMs, performance.now() - startedAtMs);
      if (turn === 0) onFirst();
      const restMs = isGood ? thinkMs() : Math.max(thinkMs(), PAUSE_AFTER_FAILURE_MS);
      if (restMs > 0 && !this.#isStopping) await this.#pause(restMs);
    }
  }

  #ask(turn: number): Promise<Outcome> {
    let request: ProbeRequest;
    try {
      request = this.#order.next(turn);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return Promise.resolve({ failure: { kind: "request", message } });
    }
    return this.#order.asker.ask(request);
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    // Whatever has arrived meanwhile is read first. When this process is late, a close that came long ago still waits
    // in the kernel, and a request over that connection would be called lost for the client's own delay.
    await setImmediate();
  }
}
