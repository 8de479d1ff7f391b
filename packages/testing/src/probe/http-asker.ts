// Asks over HTTP/1.1, on one kept connection or on a new one each time. A kept connection is used as undici and browsers
// use it: not after an answer that says `Connection: close`, and not once the `Keep-Alive: timeout=` of the last answer is
// nearly over. node:http's own agent does not look at that hint unless it has a timeout itself.

import { Agent, type IncomingHttpHeaders } from "node:http";
import type { Socket } from "node:net";
import type { Asker, AskerOrder } from "./asker.ts";
import type { ConnectionEnd } from "./connections.ts";
import { type ExchangeOrder, exchange, type Failure, type Outcome } from "./exchange.ts";
import type { ProbeRequest } from "./request.ts";

/** So long before the hint is over a connection is given up, as undici does (with one or two seconds): what is sent at the
 *  last moment would meet the close. */
const HINT_MARGIN_MS = 1_000;

/** A connection while it is open. */
interface Kept {
  readonly socket: Socket;
  /** Of the client's end; by it the link knows the connection. */
  localPort: number;
  isConnected: boolean;
  /** Why it may be closed by now, else the server's close is unannounced. */
  end: ConnectionEnd;
  readonly closed: Promise<void>;
}

export class HttpAsker implements Asker {
  readonly #order: AskerOrder;
  readonly #agent: Agent;
  readonly #kept = new Map<Socket, Kept>();
  #current: Kept | undefined;
  #hintTimer: NodeJS.Timeout | undefined;

  constructor(order: AskerOrder) {
    this.#order = order;
    // One socket to keep; without keeping, the next request must not wait for the last one's socket to close.
    const maxSockets = order.newConnections ? Number.POSITIVE_INFINITY : 1;
    this.#agent = new Agent({ keepAlive: !order.newConnections, maxSockets });
  }

  async ask(request: ProbeRequest): Promise<Outcome> {
    clearTimeout(this.#hintTimer);
    this.#current = undefined;
    const { target, headers, timeoutMs } = this.#order;
    const order: ExchangeOrder = {
      ...{ ...request, headers: { ...headers, ...request.headers } },
      ...{ target, agent: this.#agent, timeoutMs },
      onSocket: (socket) => this.#ask(socket),
    };
    const outcome = await exchange(order);
    const kept: Kept | undefined = this.#current;
    if ("failure" in outcome) return { failure: this.#failed(outcome.failure, kept) };
    if (kept !== undefined) this.#answered(kept, outcome.response.headers);
    return outcome;
  }

  async close(): Promise<void> {
    clearTimeout(this.#hintTimer);
    const open = [...this.#kept.values()];
    // A peer that never closes its side must not keep us: what was asked for has been answered or has failed.
    for (const kept of open) this.#giveUp(kept);
    this.#agent.destroy();
    await Promise.all(open.map(({ closed }) => closed));
  }

  #ask(socket: Socket): void {
    const kept = this.#kept.get(socket) ?? this.#track(socket);
    kept.end = "closedUnderRequest";
    this.#current = kept;
  }

  #track(socket: Socket): Kept {
    const closed = new Promise<void>((resolve) => {
      // In the next turn: by then the last answer is known to have been whole, or not.
      const end = (): void => void setImmediate(() => resolve(this.#ended(socket)));
      socket.once("close", end);
    });
    const kept: Kept = { socket, localPort: 0, isConnected: false, end: "closedIdle", closed };
    const connected = (): void => {
      kept.isConnected = true;
      kept.localPort = socket.localPort ?? 0;
    };
    if (socket.connecting) socket.once("connect", connected);
    else connected();
    this.#kept.set(socket, kept);
    return kept;
  }

  #ended(socket: Socket): void {
    const kept = this.#kept.get(socket);
    this.#kept.delete(socket);
    if (kept?.isConnected === true) this.#order.counts.ended(kept.end);
  }

  #failed(failure: Failure, kept: Kept | undefined): Failure {
    // Ended by the client itself: after a timeout, or what is not HTTP.
    if (kept !== undefined && (failure.lost === undefined || failure.lost === "timedOut"))
      kept.end = "closedByClient";
    const refusal = kept === undefined ? undefined : this.#order.link?.refusalOf(kept.localPort);
    if (kept === undefined || refusal === undefined) return failure;
    kept.isConnected = false;
    return { kind: refusal, message: `connect ${refusal}`, lost: "unconnected" };
  }

  #answered(kept: Kept, headers: IncomingHttpHeaders): void {
    const isLast = this.#order.newConnections || /\bclose\b/i.test(headers.connection ?? "");
    if (kept.end === "closedUnderRequest") kept.end = isLast ? "closedAsAnnounced" : "closedIdle";
    const hint = /\btimeout=(\d+)/i.exec(String(headers["keep-alive"] ?? ""))?.[1];
    if (isLast || hint === undefined || this.#order.keepAliveHints === "ignore") return;
    const forMs = Number(hint) * 1_000 - HINT_MARGIN_MS;
    if (forMs <= 0) this.#giveUp(kept);
    else this.#hintTimer = setTimeout(() => this.#giveUp(kept), forMs);
  }

  #giveUp(kept: Kept): void {
    if (!kept.socket.destroyed && kept.end !== "closedAsAnnounced") kept.end = "closedByClient";
    kept.socket.destroy();
  }
}
