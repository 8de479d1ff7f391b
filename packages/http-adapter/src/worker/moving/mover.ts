// Passes the idle connections of a draining worker on: to the supervisor, and by it to a worker of the newest generation
// (handoff/delivery.ts). In one turn of the loop a connection is found idle, stops reading and is sent, so no request
// that was read ever moves. Its end here is closed when the supervisor says that it has moved, and not before: refused, or with
// the channel gone, it goes on here.
// Many connections go in one message, and only so many are on their way at once: thousands of them must not hold up the
// requests that are still being answered here.

import type { Server } from "node:net";
import type { ToWorker } from "../../handoff/messages.ts";
import type { Connection } from "../connection.ts";
import type { HandoffChannel } from "../handoff-channel.ts";
import { IdleLook } from "./idle-look.ts";
import { pastOf } from "./past.ts";
import { movableDescriptor, standStill } from "./pause.ts";

const { setImmediate } = globalThis;

/** Closing these is 1 to 2 ms of a turn. */
const BATCH = 64;
const ON_THEIR_WAY_MAX = 4 * BATCH;

/** Makes a copy of a descriptor, for the supervisor of a thread: their table is one. @throws when none is left */
export type Duplicate = (descriptor: number) => number;

interface Leaving {
  readonly connection: Connection;
  readonly goOn: () => void;
}

interface Ready {
  readonly connection: Connection;
  readonly descriptor: number;
}

export class Mover {
  readonly #server: Server;
  readonly #channel: HandoffChannel;
  readonly #duplicate: Duplicate | null;
  readonly #look: IdleLook;
  readonly #waiting: Set<Connection> = new Set();
  readonly #leaving: Map<number, Leaving> = new Map();
  #nextToken = 1;
  #isFlushing = false;
  #isClosed = false;

  /** @param duplicate  in a thread */
  constructor(server: Server, channel: HandoffChannel, duplicate: Duplicate | null) {
    this.#server = server;
    this.#channel = channel;
    this.#duplicate = duplicate;
    this.#look = new IdleLook(server);
  }

  /** False: nothing of this server moves any more. */
  get isOpen(): boolean {
    return !this.#isClosed && this.#look.knows;
  }

  /** The connection has nothing in flight. It is asked to `leave`, or to `stay`. */
  offer(connection: Connection): void {
    this.#waiting.add(connection);
    this.#flushSoon();
  }

  /** What became of connections that were passed on. */
  receive({ type, tokens }: Extract<ToWorker, { readonly type: "Moved" | "Returned" }>): void {
    for (const token of tokens) this.#settle(token, type === "Moved");
    if (this.#waiting.size > 0) this.#flushSoon();
  }

  /** Everybody goes, or the channel is gone: what has not moved stays. */
  close(): void {
    this.#isClosed = true;
    for (const connection of this.#waiting) connection.stay();
    this.#waiting.clear();
    for (const token of [...this.#leaving.keys()]) this.#settle(token, false);
  }

  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#isClosed) return;
    const ready: Ready[] = [];
    for (const connection of this.#waiting) {
      if (ready.length >= BATCH || this.#leaving.size + ready.length >= ON_THEIR_WAY_MAX) break;
      this.#waiting.delete(connection);
      const descriptor = this.#descriptorOf(connection);
      if (descriptor === null) connection.stay();
      else ready.push({ connection, descriptor });
    }
    if (ready.length > 0) this.#send(ready);
    if (this.#waiting.size > 0 && this.#leaving.size < ON_THEIR_WAY_MAX) this.#flushSoon();
  }

  /** Of one that may leave in this very turn; null: it stays, for now. */
  #descriptorOf({ socket, isIdle }: Connection): number | null {
    if (!isIdle || !this.#look.isIdle(socket)) return null;
    const descriptor = movableDescriptor(socket);
    if (descriptor === null || this.#duplicate === null) return descriptor;
    try {
      return this.#duplicate(descriptor);
    } catch {
      return null;
    }
  }

  #send(ready: readonly Ready[]): void {
    const pasts = ready.map(({ connection }) => pastOf(connection, this.#server));
    const tokens = ready.map(({ connection }) => this.#leave(connection));
    const descriptors = ready.map(({ descriptor }) => descriptor);
    const isSent =
      this.#duplicate === null
        ? this.#channel.send({ type: "PassOn", tokens, pasts }, descriptors)
        : this.#channel.send({ type: "PassOnLent", tokens, pasts, descriptors });
    if (!isSent) for (const token of tokens) this.#settle(token, false);
  }

  #leave(connection: Connection): number {
    const token = this.#nextToken++;
    this.#leaving.set(token, { connection, goOn: standStill(connection.socket) });
    connection.leave();
    return token;
  }

  #settle(token: number, hasMoved: boolean): void {
    const leaving = this.#leaving.get(token);
    if (leaving === undefined) return;
    this.#leaving.delete(token);
    if (hasMoved) return void leaving.connection.socket.destroy();
    leaving.goOn();
    leaving.connection.stay();
  }
}
