// Everything that a server is busy with: its connections and what is in flight on them, counted for the heartbeat
// and awaited by the drain.
// It looks at the server's events by wrapping `emit`. Listeners of our own were rejected: Node changes its mind by
// their mere presence (with an `upgrade` or `checkContinue` listener it no longer answers by itself).
// While draining, a request reaches the application one tick late: by then Node has parsed everything that came
// with it, and only the last of several pipelined requests closes the connection.
// Before a drain a request costs little more than a counter: Node itself knows which response a socket is busy with
// (`_httpMessage`; looked up in Node 20, 22, 24 and 26), and answers leave a connection in order, so only a pipelined
// response, which waits behind another, has to be remembered.

import { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import { type Server, Socket } from "node:net";
import { announceClose } from "./announce-close.ts";
import type { AnswerCounter } from "./answers.ts";
import { Connection, connectionOf } from "./connection.ts";
import type { Departure } from "./departure.ts";
import type { IdentityHeaders } from "./identity-headers.ts";

declare module "node:net" {
  interface Socket {
    /** Node's own: the response that it is sending, or waits for, on this socket. */
    readonly _httpMessage?: unknown;
  }
}

export interface ConnectionWatch {
  opened(connection: Connection): void;
  closed(): void;
}

export class Traffic {
  readonly #identity: IdentityHeaders | null;
  readonly #answers: AnswerCounter | null;
  readonly #ignored = new Set<Socket>();
  readonly #connections = new Set<Connection>();
  /** Responses of `checkContinue` and its like, whose listener may emit `request` in turn. */
  readonly #expected = new WeakSet<ServerResponse>();
  #requests = 0;
  /** While the worker drains. */
  #departure: Departure | null = null;
  readonly #ignoredSessions = new WeakSet<object>();
  /** The connection whose event is being emitted: http2 makes its session there. */
  #entering: Connection | "ignored" | undefined;
  #onEmpty: () => void = () => {};
  readonly #watch: ConnectionWatch;

  /** @param identity adds itself to each response, if given  @param answers counts them, if given */
  constructor(
    identity: IdentityHeaders | null,
    answers: AnswerCounter | null = null,
    watch: ConnectionWatch = { opened() {}, closed() {} },
  ) {
    this.#identity = identity;
    this.#answers = answers;
    this.#watch = watch;
  }

  /** What comes over this connection is our own, a health check or a first request: nobody's traffic. */
  ignore(socket: Socket): void {
    this.#ignored.add(socket);
    socket.once("close", () => this.#ignored.delete(socket));
  }

  /** Requests and streams since the start. */
  get requests(): number {
    return this.#requests;
  }

  /** Open now. */
  get connections(): number {
    return this.#connections.size;
  }

  observe(server: Server): void {
    const speaksHttp = isHttp(server);
    const http = server instanceof HttpServer ? server : null;
    const emit = server.emit;
    server.emit = (event: string | symbol, ...args: unknown[]): boolean => {
      const [first, second] = args;
      const isHot = event === "request" && args.length === 2 && this.#departure === null;
      if (event === "request" && http?.maxRequestsPerSocket) countOn(http, first, second);
      if (isHot && first instanceof IncomingMessage && second instanceof ServerResponse) {
        this.#requested(event, first, second);
        return Reflect.apply(emit, server, [event, first, second]);
      }
      const pass = (): boolean => Reflect.apply(emit, server, [event, ...args]);
      if (first instanceof IncomingMessage) {
        if (second instanceof ServerResponse) {
          this.#requested(event, first, second);
          return this.#departure === null ? pass() : defer(pass);
        }
        if (event === "upgrade" || event === "connect") this.#upgraded(first);
      } else if (first instanceof Socket) {
        if (this.#isIgnored(first)) return this.#enter("ignored", pass);
        if (event === "timeout") return pass() || (busyWith(first) === null && closeIfSilent(first));
        if (event === "connection") return this.#enter(this.#opened(first, speaksHttp), pass);
        if (event === "secureConnection") return this.#enter(this.#secured(first), pass);
      } else if (event === "session" && isSession(first)) this.#started(first);
      else if (event === "stream" && isStream(first)) this.#streamed(first);
      else if (event === "clientError" && isLate(first) && isQuiet(second)) return true;
      return pass();
    };
  }

  /** Resolves when no connection is left. New ones, if any are still handed in, are drained as well. */
  drain(departure: Departure): Promise<void> {
    this.#departure = departure;
    departure.begin(() => this.#connections.size);
    for (const connection of this.#connections) {
      connection.latest ??= busyWith(connection.socket);
      if (connection.latest !== null) this.#follow(connection, connection.latest, departure);
      connection.drain(departure);
    }
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      if (this.#connections.size === 0) resolve();
    });
  }

  /** Draining ends sooner now. */
  stopping(): void {
    this.#departure?.stopping();
    for (const connection of this.#connections) connection.stay();
  }

  /** Itself, or the accepted socket under its TLS. */
  #isIgnored(socket: Socket): boolean {
    return (
      this.#ignored.size > 0 &&
      (this.#ignored.has(socket) || this.#ignored.has(Reflect.get(socket, "_parent")))
    );
  }

  #opened(socket: Socket, speaksHttp: boolean): Connection {
    const known = connectionOf(socket);
    if (known !== undefined) return known; // handed in once more by the application
    const connection = new Connection(socket, this.#closed);
    this.#connections.add(connection);
    this.#watch.opened(connection);
    if (!speaksHttp) connection.hold();
    if (this.#departure !== null) connection.drain(this.#departure);
    return connection;
  }

  /** A TLS socket knows the accepted one as `_parent` (looked up in Node 20, 22, 24 and 26). */
  #secured(socket: Socket): Connection | undefined {
    const accepted: unknown = Reflect.get(socket, "_parent");
    const connection = accepted instanceof Socket ? connectionOf(accepted) : undefined;
    connection?.secured(socket);
    return connection;
  }

  readonly #closed = (connection: Connection): void => {
    this.#connections.delete(connection);
    this.#watch.closed();
    this.#departure?.look();
    if (this.#connections.size === 0) this.#onEmpty();
  };

  #enter(connection: Connection | "ignored" | undefined, pass: () => boolean): boolean {
    const outer = this.#entering;
    this.#entering = connection;
    try {
      return pass();
    } finally {
      this.#entering = outer;
    }
  }

  #started(session: ServerHttp2Session): void {
    if (this.#entering === "ignored") this.#ignoredSessions.add(session);
    else this.#entering?.carries(session);
  }

  #streamed(stream: ServerHttp2Stream): void {
    if (stream.session !== undefined && this.#ignoredSessions.has(stream.session)) return;
    this.#requests += 1;
    this.#answers?.followStream(stream);
    this.#identity?.onStream(stream);
    const connection = stream.session && connectionOf(stream.session);
    if (!connection) return;
    connection.requestBegan();
    stream.on("close", () => connection.requestEnded());
  }

  #upgraded(request: IncomingMessage): void {
    this.#requests += 1;
    connectionOf(request.socket)?.hold();
  }

  #requested(event: string | symbol, request: IncomingMessage, response: ServerResponse): void {
    if (event !== "request") this.#expected.add(response);
    else if (this.#expected.has(response)) return;
    if (this.#isIgnored(request.socket)) return;
    this.#requests += 1;
    this.#answers?.follow(response);
    this.#identity?.onResponse(response);
    const isFirst = request.socket._httpMessage === response;
    if (isFirst && this.#departure === null) return;
    const connection = connectionOf(request.socket);
    if (connection === undefined) return;
    connection.latest = response;
    if (this.#departure !== null) this.#follow(connection, response, this.#departure);
    else response.on("close", () => connection.answered(response));
  }

  /** The worker drains: the connection is busy until this response is through, and is to close after it. */
  #follow(connection: Connection, response: ServerResponse, departure: Departure): void {
    connection.requestBegan();
    response.on("close", () => connection.requestEnded());
    this.#announce(connection, response, departure);
  }

  /** A response that is given before its request has come in whole must not close: the rest, arriving at a closed
   *  socket, would reset the connection and take the response with it. Such a connection lingers instead. */
  #announce(connection: Connection, response: ServerResponse, departure: Departure): void {
    announceClose(
      response,
      () => connection.latest === response && response.req.complete && !departure.moves(connection),
    );
  }
}

function busyWith({ _httpMessage: response }: Socket): ServerResponse | null {
  return response instanceof ServerResponse ? response : null;
}

/** Node closes an idle kept connection when its time is up, timers first: a request that came in while the event loop stood
 *  still (blocked, frozen, starved) would be reset unread. So it is closed after the loop has polled once more, if at all.
 *  @returns that the timeout has been seen to, which is what Node asks its listeners */
function closeIfSilent(socket: Socket): boolean {
  const { bytesRead } = socket;
  setImmediate(() => {
    if (socket.bytesRead === bytesRead) socket.destroy();
  });
  return true;
}

/** Node counts what it has seen on a socket; of one that has moved others have seen more. */
function countOn({ maxRequestsPerSocket }: HttpServer, request: unknown, response: unknown): void {
  if (!(request instanceof IncomingMessage) || !(response instanceof ServerResponse)) return;
  const connection = connectionOf(request.socket);
  if (connection === undefined || maxRequestsPerSocket === null) return;
  connection.requests += 1;
  const total = (connection.past?.requests ?? 0) + connection.requests;
  if (total >= maxRequestsPerSocket) Reflect.set(response, "maxRequestsOnConnectionReached", true);
}

function isLate(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_HTTP_REQUEST_TIMEOUT";
}

/** Node takes a connection that has moved for a new one whose first request is late: it would be told so (408), unasked. */
function isQuiet(socket: unknown): boolean {
  if (!(socket instanceof Socket)) return false;
  return socket.bytesRead === 0 && (connectionOf(socket)?.past?.requests ?? 0) > 0;
}

function defer(pass: () => boolean): boolean {
  process.nextTick(pass);
  return true;
}

/** http and https servers have the one property, http2 servers the other. Their classes are not asked: loading
 *  `node:https` costs each worker 3 ms. */
function isHttp(server: Server): boolean {
  return "maxHeadersCount" in server || "updateSettings" in server;
}

function isSession(value: unknown): value is ServerHttp2Session {
  return typeof value === "object" && value !== null && "goaway" in value;
}

function isStream(value: unknown): value is ServerHttp2Stream {
  return typeof value === "object" && value !== null && "respond" in value;
}
