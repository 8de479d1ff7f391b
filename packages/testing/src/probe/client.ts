// One client: sends a request, waits for its outcome, sends the next. Closed loop, so the number of clients is the
// number of requests in flight. It owns its agent and its sockets, and knows when the last of them has closed.

import { Agent } from "node:http";
import type { Socket } from "node:net";
import { type ExchangeOrder, exchange, type Outcome } from "./exchange.ts";
import type { Target } from "./target.ts";
import { wallClockMs } from "./wall-clock.ts";

/** A refused connection fails in microseconds. Without a pause a stopped server would yield thousands of errors/s. */
const PAUSE_AFTER_FAILURE_MS = 5;

export interface ClientOrder {
  readonly target: Target;
  readonly newConnections: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Between an outcome and the next request. */
  readonly pauseMs: number;
  /** Counts the outcome; false when it was not a good answer. */
  readonly record: (outcome: Outcome, sentAtMs: number, latencyMs: number) => boolean;
}

export class Client {
  readonly #order: ClientOrder;
  readonly #agent: Agent;
  readonly #sockets = new Set<Socket>();
  readonly #done: Promise<void>;
  #isStopping = false;
  #endPause: () => void = () => {};
  #isWaiting = false;

  /** Starts at once. @param onFirst called after the first outcome. */
  constructor(order: ClientOrder, onFirst: () => void) {
    this.#order = order;
    // One socket to keep; without keeping, the next request must not wait for the last one's socket to close.
    const maxSockets = order.newConnections ? Number.POSITIVE_INFINITY : 1;
    this.#agent = new Agent({ keepAlive: !order.newConnections, maxSockets });
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
    this.#agent.destroy();
    await Promise.all([...this.#sockets].map((socket) => closed(socket)));
  }

  async #run(onFirst: () => void): Promise<void> {
    const { target, headers, timeoutMs, pauseMs, record } = this.#order;
    const onSocket = (socket: Socket) => this.#track(socket);
    const order: ExchangeOrder = { target, agent: this.#agent, headers, timeoutMs, onSocket };
    for (let isFirst = true; !this.#isStopping; isFirst = false) {
      const sentAtMs = wallClockMs();
      const startedAtMs = performance.now();
      this.#isWaiting = true;
      const outcome = await exchange(order);
      this.#isWaiting = false;
      const isGood = record(outcome, sentAtMs, performance.now() - startedAtMs);
      if (isFirst) onFirst();
      const restMs = isGood ? pauseMs : Math.max(pauseMs, PAUSE_AFTER_FAILURE_MS);
      if (restMs > 0 && !this.#isStopping) await this.#pause(restMs);
    }
  }

  #track(socket: Socket): void {
    if (this.#sockets.has(socket)) return;
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) return resolve();
    socket.once("close", () => resolve());
    // A peer that never closes its side must not keep us: what was asked for has been answered or has failed.
    socket.destroy();
  });
}
