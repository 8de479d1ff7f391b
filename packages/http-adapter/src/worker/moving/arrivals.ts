// Connections that come from the supervisor: accepted by it, or passed on by a draining worker. Each goes through the same
// door as those that Node itself has accepted (`onconnection` of the listening handle), so maxConnections, noDelay, the
// `connection` event and the rest are as always.
// Rule: a connection is counted as taken before a byte of it is read. Should this process die before that, another worker
// gets it untouched. It is counted in memory that the supervisor sees, or told where there is none.

import type { Server, Socket } from "node:net";
import type { CounterWriter } from "../../handoff/counters.ts";
import type { Past, Pasts } from "../../handoff/messages.ts";
import { type AdoptConnection, type BareHandle, connectionAdopter } from "../../listen/server-handle.ts";
import type { Connection } from "../connection.ts";
import { type HandoffChannel, handleOfConnection, type Received } from "../handoff-channel.ts";
import { idleMsOf } from "./past.ts";

/** Lets a connection into the server. */
export type Door = (connection: BareHandle) => void;

/** So old may the supervisor's idea of a worker's load be. */
const CLOSED_WITHIN_MS = 5;

const { setTimeout, clearTimeout, setImmediate } = globalThis;

export class Arrivals {
  readonly #server: Server;
  readonly #door: Door;
  readonly #channel: () => HandoffChannel | null;
  readonly #adopt: AdoptConnection;
  #counters: CounterWriter | null = null;
  #taken = 0;
  #closed = 0;
  #reporting: NodeJS.Timeout | undefined;
  /** The past of the connection that is just coming in; undefined: it comes from elsewhere. */
  #entering: Past | null | undefined;
  /** No descriptor was left: what comes was sent before the supervisor knew. */
  #isFull = false;

  /** @param addresses  of the server, as `brood` prints them */
  constructor(
    server: Server,
    addresses: readonly string[],
    door: Door,
    channel: () => HandoffChannel | null,
  ) {
    this.#server = server;
    this.#door = door;
    this.#channel = channel;
    this.#adopt = connectionAdopter(addresses);
  }

  /** Where to count from now on. */
  countIn(counters: CounterWriter): void {
    this.#counters = counters;
  }

  take(received: readonly Received[], pasts: Pasts = []): void {
    if (this.#isFull) return this.#letGo(received);
    this.#taken += received.length;
    if (this.#counters === null) this.#tell();
    for (const [index, each] of received.entries()) {
      const handle = handleOfConnection(each, this.#adopt);
      this.#counters?.taken();
      if (handle === null) this.closed();
      else this.#enter(handle, pasts[index] ?? null);
    }
  }

  /** Some of them did not come: this process may open no more. The supervisor gives all of them to others. */
  refuse(received: readonly Received[]): void {
    this.#letGo(received);
    if (this.#isFull) return;
    this.#isFull = true;
    this.#channel()?.send({ type: "Full" });
  }

  /** The supervisor knows; what comes now is new. */
  again(): void {
    this.#isFull = false;
  }

  /** The server has a new connection, from here or of its own. */
  opened(connection: Connection): void {
    const past = this.#entering;
    if (past === undefined) return this.#counters?.acceptedOwn();
    connection.past = past;
    if (past !== null) this.#endWhenIdle(connection.socket, past);
  }

  /** One of the server's connections has ended. */
  closed(): void {
    this.#closed += 1;
    if (this.#counters !== null) this.#counters.closed();
    // Told with the next connections, or soon: a message of its own for each costs as much as the rest.
    else this.#reporting ??= setTimeout(() => this.#tell(), CLOSED_WITHIN_MS);
  }

  #enter(handle: BareHandle, past: Past | null): void {
    this.#entering = past;
    try {
      if (past === null || past.requests === 0) this.#door(handle);
      else this.#enterKept(handle);
    } finally {
      this.#entering = undefined;
    }
  }

  /** One that was let in once is not turned away by a limit now, and has forgotten what was set on it. */
  #enterKept(handle: BareHandle): void {
    const { maxConnections } = this.#server;
    this.#server.maxConnections = Number.POSITIVE_INFINITY;
    try {
      setNoDelay(handle, Reflect.get(this.#server, "noDelay") === true);
      this.#door(handle);
    } finally {
      this.#server.maxConnections = maxConnections;
    }
  }

  /** Does nothing for one without a request so far. Until its next request this is Node's keep-alive timer, which that starts after answers of its own only. */
  #endWhenIdle(socket: Socket, past: Past): void {
    const idleMs = idleMsOf(past, this.#server);
    if (idleMs === null) return;
    const timer = setTimeout(() => {
      // What has come while the loop stood still is read first.
      setImmediate(() => {
        if (socket.bytesRead === 0) socket.destroy();
      });
    }, idleMs);
    socket.once("close", () => clearTimeout(timer));
    timer.unref();
  }

  #letGo(received: readonly Received[]): void {
    for (const each of received) handleOfConnection(each, this.#adopt)?.close();
  }

  #tell(): void {
    clearTimeout(this.#reporting);
    this.#reporting = undefined;
    this.#channel()?.send({ type: "Counts", taken: this.#taken, closed: this.#closed });
  }
}

/** Of TCP; a unix socket has none. */
function setNoDelay(handle: BareHandle, isEnabled: boolean): void {
  const set: unknown = Reflect.get(handle, "setNoDelay");
  if (typeof set === "function") Reflect.apply(set, handle, [isEnabled]);
}
