// Answers for the application when it cannot: a connection that waited for a worker in vain gets its 503 here, a request
// that is no HTTP its 400. An ordinary server of Node's that never listens; connections are handed in.
// A client that speaks TLS would only see bytes it cannot read: its connection is closed instead.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Socket } from "node:net";
import { type CallbackGuard, detached } from "@brood/core/callbacks";
import { PoolError } from "@brood/core/errors";
import type { Accepted } from "./acceptor.ts";

/** Answers instead of the application. */
export type OnError = (error: PoolError, request: IncomingMessage, response: ServerResponse) => unknown;

/** The first byte of a TLS handshake (RFC 8446, 5.1). */
const TLS_HANDSHAKE = 0x16;

/** A client that sends nothing more is not waited for. */
const REQUEST_TIMEOUT_MS = 5_000;

export class Unavailable {
  readonly #server: Server;
  readonly #guard: CallbackGuard;
  readonly #sockets: Set<Socket> = new Set();

  constructor(onError: OnError | undefined, guard: CallbackGuard) {
    this.#guard = guard;
    this.#server = createServer({ keepAlive: false }, (request, response) => {
      response.shouldKeepAlive = false;
      const reason =
        "no worker was ready in time. Look at `brood status`, or raise holdTimeoutMs, maxHeld or workers.";
      const error = new PoolError("BROOD_UNAVAILABLE", reason);
      // A response that cannot even be written to is of no use to anybody.
      detached(this.#answer(onError ?? plain, error, request, response), () => response.destroy());
    });
    this.#server.requestTimeout = REQUEST_TIMEOUT_MS;
  }

  refuse(connection: Accepted): void {
    const socket = openSocket(connection);
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {});
    socket.setTimeout(REQUEST_TIMEOUT_MS, () => socket.destroy());
    socket.once("readable", () => {
      const first: Buffer | null = socket.read();
      if (first === null) return;
      if (first[0] === TLS_HANDSHAKE) {
        socket.destroy();
        return;
      }
      socket.unshift(first);
      this.#server.emit("connection", socket);
    });
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #answer(
    onError: OnError,
    error: PoolError,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const call = (): unknown => onError(error, request, response);
    if (await this.#guard.wait("onError", call, "The client got a plain 503, or its connection was closed."))
      return;
    if (!response.headersSent) plain(error, request, response);
    else response.destroy();
  }
}

function plain(error: PoolError, _request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(503, { "content-type": "text/plain", "retry-after": "1", connection: "close" });
  response.end(`Service Unavailable (${error.code})\n`);
}

/** Takes the connection over. */
function openSocket({ fd, handle }: Accepted): Socket {
  // `handle` is Node's own option for a libuv handle, undocumented.
  const source = handle === null ? { fd } : { handle };
  return new Socket({ ...source, readable: true, writable: true });
}
