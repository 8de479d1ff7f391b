// One accepted connection and whether it may be closed. It is busy while a request or stream is being answered,
// and held for good once it is upgraded or when it does not speak HTTP. In a draining worker it lingers when it
// is neither: a request that is on its way gets its answer, and only a connection that stays silent is closed.
// Silent means no new bytes, so half a request keeps it open; and the last look comes after the event loop has
// polled once more, so that a blocked loop cannot mistake an unread request for silence.
// http2 says GOAWAY when the next stream has come in, not while idle: a client that waits for an answer sends
// nothing that could be refused meanwhile. (RFC 9113's announcement before the fact, with the highest stream id, was
// rejected: Node cannot send it; nghttp2 ignores whatever comes after a GOAWAY of its own.)

import type { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";

/** Where a socket or session keeps its connection. A WeakMap was rejected: with a connection for each request its upkeep
 *  was 10 of 97 us. */
const CONNECTION: unique symbol = Symbol("brood.connection");

interface Carrier extends EventEmitter {
  [CONNECTION]?: Connection;
}

/** The connection that this socket (the accepted one, or TLS on it) or session carries. */
export function connectionOf(carrier: Carrier): Connection | undefined {
  return carrier[CONNECTION];
}

function carry(carrier: Carrier, connection: Connection): void {
  carrier[CONNECTION] = connection;
}

export class Connection {
  /** The newest response that is not through: in a draining worker any, before that one that waits behind another. */
  latest: ServerResponse | null = null;
  readonly #accepted: Socket;
  readonly #onClosed: (connection: Connection) => void;
  #outer: Socket;
  #session: ServerHttp2Session | null = null;
  #inFlight = 0;
  #isHeld = false;
  #lingerMs: number | null = null;
  #timer: NodeJS.Timeout | undefined;

  /** @param onClosed  called once, when the socket is closed */
  constructor(socket: Socket, onClosed: (connection: Connection) => void) {
    this.#accepted = socket;
    this.#onClosed = onClosed;
    this.#outer = socket;
    carry(socket, this);
    socket.on("close", closed);
  }

  /** What requests arrive on. */
  get socket(): Socket {
    return this.#outer;
  }

  /** TLS is up; closing goes through it from now on. */
  secured(socket: Socket): void {
    carry(socket, this);
    this.#outer = socket;
  }

  /** http2 is up. */
  carries(session: ServerHttp2Session): void {
    carry(session, this);
    this.#session = session;
  }

  /** It will end when either side ends it, and not before. */
  hold(): void {
    this.#isHeld = true;
    clearTimeout(this.#timer);
  }

  requestBegan(): void {
    this.#inFlight += 1;
    clearTimeout(this.#timer);
    if (this.#lingerMs !== null) this.#session?.close();
  }

  requestEnded(): void {
    this.#inFlight -= 1;
    if (this.#inFlight > 0) return;
    this.latest = null;
    this.#linger();
  }

  /** Nothing has been pipelined behind it. */
  answered(response: ServerResponse): void {
    if (this.latest === response) this.latest = null;
  }

  drain(lingerMs: number): void {
    this.#lingerMs = lingerMs;
    if (this.#inFlight > 0) this.#session?.close();
    this.#linger();
  }

  closed(): void {
    this.hold();
    this.#onClosed(this);
  }

  get #isIdle(): boolean {
    return this.#inFlight === 0 && !this.#isHeld;
  }

  #linger(): void {
    if (this.#lingerMs === null || !this.#isIdle) return;
    clearTimeout(this.#timer);
    const bytesRead = this.#accepted.bytesRead;
    const timer = setTimeout(() => {
      setImmediate(() => {
        if (this.#timer === timer) this.#end(bytesRead);
      });
    }, this.#lingerMs);
    this.#timer = timer;
  }

  #end(bytesRead: number): void {
    if (!this.#isIdle) return;
    if (this.#session !== null) this.#endSession(this.#session);
    else if (this.#accepted.bytesRead === bytesRead) this.#outer.destroySoon();
    else this.#linger();
  }

  /** A closed session waits for the client to hang up; one that does not gets the linger once more. */
  #endSession(session: ServerHttp2Session): void {
    if (session.closed) return session.destroy();
    session.close();
    this.#linger();
  }
}

/** One for all sockets: with a connection for each request a closure for each counts. */
function closed(this: Carrier): void {
  this[CONNECTION]?.closed();
}
