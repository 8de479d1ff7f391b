// What becomes of the connections of a worker that drains. A plain HTTP/1 connection moves to another worker between two
// requests, where that is possible. Any other one lingers for as long as its client was told that it may be idle, and each
// answer on it says `Connection: close`: a client that does as it is told meets no closed connection. When the whole server stops
// nobody is left to move to, and idle clients are not waited for.

import { Server as HttpServer } from "node:http";
import type { Server } from "node:net";
import type { Connection, Leaving } from "./connection.ts";
import { IdleLook } from "./moving/idle-look.ts";
import type { Mover } from "./moving/mover.ts";
import { keepAliveOf } from "./moving/past.ts";

/** A request that was sent in the last moment is on its way for so long. */
const ON_ITS_WAY_MS = 1_000;

/** More than a round trip to anywhere. For http2, whose GOAWAY tells clients which requests to send again, and when all stop. */
const SHORT_LINGER_MS = 500;

/** Closed in good order, before the supervisor kills. */
const BEFORE_DEADLINE_MS = 500;

export interface DepartureOptions {
  /** Shortens what clients were told; null: that counts. */
  readonly lingerMs: number | null;
  readonly drainTimeoutMs: number;
  /** Null: nothing moves. */
  readonly mover: Mover | null;
  /** Nothing is left but connections that linger. May be called again. */
  readonly onLingering?: () => void;
}

export class Departure implements Leaving {
  readonly #server: Server;
  readonly #options: DepartureOptions;
  readonly #look: IdleLook;
  readonly #startedAtMs = performance.now();
  #lingering = 0;
  #open: () => number = () => 0;
  #isStopping = false;

  constructor(server: Server, options: DepartureOptions) {
    this.#server = server;
    this.#options = options;
    this.#look = new IdleLook(server);
  }

  /** @param open  how many connections are open */
  begin(open: () => number): void {
    this.#open = open;
  }

  /** It will, once it is idle; so no answer on it says `Connection: close`. */
  moves(connection: Connection): boolean {
    const { mover } = this.#options;
    return mover?.isOpen === true && connection.isPlain && this.#server instanceof HttpServer;
  }

  offer(connection: Connection): boolean {
    if (!this.moves(connection)) return false;
    this.#options.mover?.offer(connection);
    return true;
  }

  lingerMs(connection: Connection): number {
    const { lingerMs, drainTimeoutMs } = this.#options;
    const leftMs = this.#startedAtMs + drainTimeoutMs - BEFORE_DEADLINE_MS - performance.now();
    const wantedMs = connection.speaksHttp2
      ? (lingerMs ?? SHORT_LINGER_MS)
      : Math.min(lingerMs ?? Number.POSITIVE_INFINITY, this.#patienceMs(connection));
    const stopMs = this.#isStopping ? SHORT_LINGER_MS : Number.POSITIVE_INFINITY;
    return Math.max(0, Math.min(wantedMs, leftMs, stopMs));
  }

  lingers(isLingering: boolean): void {
    this.#lingering += isLingering ? 1 : -1;
    this.look();
  }

  /** One has ended, or lingers. */
  look(): void {
    if (this.#lingering > 0 && this.#lingering === this.#open()) this.#options.onLingering?.();
  }

  /** The whole server stops. */
  stopping(): void {
    this.#isStopping = true;
    this.#options.mover?.close();
  }

  #patienceMs(connection: Connection): number {
    if (this.#look.isIdle(connection.socket)) return this.#toldMs(connection) + ON_ITS_WAY_MS;
    // Half a request. Node looks for such ones now and then; this bounds it where that comes late.
    const timeoutMs: unknown = Reflect.get(this.#server, "headersTimeout");
    return typeof timeoutMs === "number" && timeoutMs > 0 ? timeoutMs : Number.POSITIVE_INFINITY;
  }

  /** A server that never closes idle connections has promised to keep them: for as long as the drain lasts. */
  #toldMs({ past }: Connection): number {
    const ownMs = keepAliveOf(this.#server);
    return ownMs === 0 ? Number.POSITIVE_INFINITY : Math.max(ownMs, past?.toldMs ?? 0);
  }
}
