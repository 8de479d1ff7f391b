// Asks over a WebSocket: each request is a message, and the next message is its answer. One that was closed is opened again
// for the next request, as browsers' libraries do. Over `ws`, an optional peer: Node has a client of its own only since 22,
// and that one knows neither unix sockets nor headers.

import type { IncomingHttpHeaders } from "node:http";
import { connect, type Socket } from "node:net";
import { PoolError } from "@brood/core";
import type { WebSocket } from "ws";
import type { Asker, AskerOrder } from "./asker.ts";
import { codeOf, type Failure, type Outcome, timeoutFailure } from "./exchange.ts";
import type { ProbeRequest } from "./request.ts";
import { addressOf, type Target } from "./target.ts";

/** A server that never answers a close frame must not keep the probe. */
const CLOSE_WITHIN_MS = 1_000;

const ENDED_BY_CLIENT = 1_000;
const WITHOUT_CLOSE_FRAME = 1_006;

/** @throws PoolError BROOD_BAD_OPTION where `ws` is not installed */
export async function webSocketAskers(): Promise<(order: AskerOrder) => Asker> {
  try {
    const { WebSocket } = await import("ws");
    return (order) => new WebSocketAsker(order, WebSocket);
  } catch (cause) {
    const message =
      "option webSocket: got true, which takes the package ws. Install it: npm install --save-dev ws";
    throw new PoolError("BROOD_BAD_OPTION", message, { details: { option: "webSocket" }, cause });
  }
}

/** A WebSocket until it has closed. */
interface Live {
  readonly socket: WebSocket;
  readonly closed: Promise<void>;
  /** Of the answer that opened it. */
  headers: IncomingHttpHeaders;
  isConnected: boolean;
  answers: number;
  isClosedByUs: boolean;
}

class WebSocketAsker implements Asker {
  readonly #order: AskerOrder;
  readonly #WebSocket: typeof WebSocket;
  #live: Live | undefined;
  /** Settles the request that is out. */
  #settle: ((outcome: Outcome) => void) | undefined;

  constructor(order: AskerOrder, client: typeof WebSocket) {
    this.#order = order;
    this.#WebSocket = client;
  }

  async ask({ body = "probe" }: ProbeRequest): Promise<Outcome> {
    const { timeoutMs, newConnections } = this.#order;
    const answered = new Promise<Outcome>((settle) => {
      this.#settle = settle;
    });
    this.#live ??= this.#open();
    const { socket } = this.#live;
    if (socket.readyState === socket.OPEN) socket.send(body);
    else socket.once("open", () => socket.send(body));
    const timer = setTimeout(() => {
      this.#finish({ failure: timeoutFailure(timeoutMs) });
      this.#terminate();
    }, timeoutMs);
    const outcome = await answered;
    clearTimeout(timer);
    if (newConnections) await this.close();
    return outcome;
  }

  async close(): Promise<void> {
    const live = this.#live;
    if (live === undefined) return;
    live.isClosedByUs = true;
    live.socket.close(ENDED_BY_CLIENT);
    const timer = setTimeout(() => this.#terminate(), CLOSE_WITHIN_MS);
    await live.closed;
    clearTimeout(timer);
  }

  #terminate(): void {
    if (this.#live === undefined) return;
    this.#live.isClosedByUs = true;
    this.#live.socket.terminate();
  }

  #finish(outcome: Outcome): void {
    this.#settle?.(outcome);
    this.#settle = undefined;
  }

  #open(): Live {
    const { target, headers } = this.#order;
    const raw = { localPort: 0 };
    const createConnection = (): Socket => {
      const connection = connect(addressOf(target));
      return connection.once("connect", () => {
        live.isConnected = true;
        raw.localPort = connection.localPort ?? 0;
      });
    };
    const options = { headers: { ...headers }, perMessageDeflate: false, createConnection };
    const socket = new this.#WebSocket(urlOf(target), options);
    const closed = new Promise<void>((resolve) => {
      socket.once("close", (code) => resolve(this.#closed(live, code)));
    });
    const live: Live = { socket, closed, headers: {}, isConnected: false, answers: 0, isClosedByUs: false };
    socket.once("upgrade", ({ headers: answered }) => {
      live.headers = answered;
    });
    socket.on("message", (data) => {
      live.answers += 1;
      this.#finish({ response: { status: 101, headers: live.headers, body: String(data) } });
    });
    socket.once("unexpected-response", (_, { statusCode = 0 }) => {
      const message = `answered ${statusCode} instead of opening a WebSocket`;
      this.#finish({ failure: { kind: `not-upgraded-${statusCode}`, message } });
      this.#terminate();
    });
    // After it has opened, what ends it is told by `close`.
    socket.on("error", (error) => {
      if (Object.keys(live.headers).length > 0) return;
      const refusal = this.#order.link?.refusalOf(raw.localPort);
      if (refusal !== undefined) live.isConnected = false;
      this.#finish({ failure: unopened(error, refusal, live.isConnected) });
    });
    return live;
  }

  #closed(live: Live, code: number): void {
    this.#live = undefined;
    const { counts } = this.#order;
    if (!live.isConnected) return;
    counts.webSocketClosed(code);
    const isAsked = this.#settle !== undefined;
    if (live.isClosedByUs) counts.ended("closedByClient");
    else if (isAsked) counts.ended("closedUnderRequest");
    else counts.ended(code === WITHOUT_CLOSE_FRAME ? "closedIdle" : "closedAsAnnounced");
    const lost = live.answers > 0 ? "onKeptConnection" : "onNewConnection";
    this.#finish({
      failure: { kind: `close-${code}`, message: `closed with code ${code}, not answered`, lost },
    });
  }
}

function unopened(error: Error, refusal: string | undefined, isConnected: boolean): Failure {
  if (refusal !== undefined) return { kind: refusal, message: `connect ${refusal}`, lost: "unconnected" };
  return {
    kind: codeOf(error),
    message: error.message,
    lost: isConnected ? "onNewConnection" : "unconnected",
  };
}

function urlOf(target: Target): string {
  if ("socketPath" in target) return `ws://localhost${target.path}`;
  const host = target.host.includes(":") ? `[${target.host}]` : target.host;
  return `ws://${host}:${target.port}${target.path}`;
}
