// One accepted connection and whether it may go. It is busy while a request or stream is being answered,
// and held for good once it is upgraded or when it does not speak HTTP. In a draining worker it leaves when it
// is neither: it moves to another worker, as it is (moving/mover.ts). Where it cannot it lingers: a request that is on its
// way gets its answer, and only a connection that stays silent is closed. Silent means no new bytes, so half a request keeps
// it open; and the last look comes after the event loop has polled once more, so that a blocked loop cannot mistake an
// unread request for silence.
// http2 says GOAWAY when the next stream has come in, not while idle: a client that waits for an answer sends
// nothing that could be refused meanwhile. (RFC 9113's announcement before the fact, with the highest stream id, was
// rejected: Node cannot send it; nghttp2 ignores whatever comes after a GOAWAY of its own.)

import type { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { Past } from "../handoff/messages.ts";

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

/** What a draining worker does with its connections. */
export interface Leaving {
  /** Nothing is in flight: true when it is to wait for `stay` or `leave`, because it moves. */
  offer(connection: Connection): boolean;
  /** How long it may be silent from now on. */
  lingerMs(connection: Connection): number;
  /** It began to linger, or to do something else. */
  lingers(isLingering: boolean): void;
}

export class Connection {
  /** The newest response that is not through: in a draining worker any, before that one that waits behind another. */
  latest: ServerResponse | null = null;
  /** What happened on it in other workers; null: nothing. */
  past: Past | null = null;
  /** Where the application limits them (`maxRequestsPerSocket`): those of this worker. */
  requests = 0;
  readonly #accepted: Socket;
  readonly #onClosed: (connection: Connection) => void;
  #outer: Socket;
  #session: ServerHttp2Session | null = null;
  #inFlight = 0;
  #isHeld = false;
  /** While the worker drains. */
  #leaving: Leaving | null = null;
  #isLingering = false;
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

  get isIdle(): boolean {
    return this.#inFlight === 0 && !this.#isHeld;
  }

  /** It speaks HTTP/1, and nothing lies between us and the client's own bytes. */
  get isPlain(): boolean {
    return this.#session === null && this.#outer === this.#accepted && !this.#isHeld;
  }

  get speaksHttp2(): boolean {
    return this.#session !== null;
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
    this.#stopLingering();
  }

  requestBegan(): void {
    this.#inFlight += 1;
    this.#stopLingering();
    if (this.#leaving !== null) this.#session?.close();
  }

  requestEnded(): void {
    this.#inFlight -= 1;
    if (this.#inFlight > 0) return;
    this.latest = null;
    this.#rest();
  }

  /** Nothing has been pipelined behind it. */
  answered(response: ServerResponse): void {
    if (this.latest === response) this.latest = null;
  }

  drain(leaving: Leaving): void {
    this.#leaving = leaving;
    if (this.#inFlight > 0) this.#session?.close();
    this.#rest();
  }

  /** It is on its way: nothing is to happen to it. */
  leave(): void {
    this.#stopLingering();
  }

  /** It cannot move now. */
  stay(): void {
    const leaving = this.#leaving;
    if (leaving === null || !this.isIdle || this.#accepted.destroyed) return;
    this.#stopLingering();
    this.#isLingering = true;
    leaving.lingers(true);
    this.#wait(leaving);
  }

  closed(): void {
    this.hold();
    this.#onClosed(this);
  }

  #rest(): void {
    if (this.#leaving === null || !this.isIdle) return;
    if (!this.#leaving.offer(this)) this.stay();
  }

  #stopLingering(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#isLingering) return;
    this.#isLingering = false;
    this.#leaving?.lingers(false);
  }

  #wait(leaving: Leaving): void {
    const { bytesRead } = this.#accepted;
    const timer = setTimeout(() => {
      setImmediate(() => {
        if (this.#timer === timer) this.#end(leaving, bytesRead);
      });
    }, leaving.lingerMs(this));
    this.#timer = timer;
  }

  #end(leaving: Leaving, bytesRead: number): void {
    if (this.#session !== null) this.#endSession(this.#session, leaving);
    else if (this.#accepted.bytesRead === bytesRead) this.#outer.destroySoon();
    else this.#wait(leaving);
  }

  /** A closed session waits for the client to hang up; one that does not gets the linger once more. */
  #endSession(session: ServerHttp2Session, leaving: Leaving): void {
    if (session.closed) return session.destroy();
    session.close();
    this.#wait(leaving);
  }
}

/** One for all sockets: with a connection for each request a closure for each counts. */
function closed(this: Carrier): void {
  this[CONNECTION]?.closed();
}
