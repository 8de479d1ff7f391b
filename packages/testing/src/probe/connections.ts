// What became of a probe's connections, as their clients saw it. The difference that matters: a server may close a connection
// that it has announced to close, or that the client was no longer to use; any other close can meet a request on its way.

/** Counts of connections; each one that was opened ends up in one of the others. */
export interface ProbeConnections {
  readonly opened: number;
  /** By the client: the probe was stopped, a timeout, or the `Keep-Alive: timeout=` of the last answer was over. */
  readonly closedByClient: number;
  /** By the server, as the last answer (`Connection: close`) or a WebSocket's close frame had said, or as the request had asked. */
  readonly closedAsAnnounced: number;
  /** By the server, unannounced, while no request was out: the next request would have met the close. */
  readonly closedIdle: number;
  /** By the server, or because it was killed, while a request was out and not answered. */
  readonly closedUnderRequest: number;
}

export type ConnectionEnd = Exclude<keyof ProbeConnections, "opened">;

/** Requests that got no whole answer, by what happened to them; other errors (a status, no version, not HTTP) were answered. */
export interface LostRequests {
  /** No connection: refused, no such socket, unreachable. */
  readonly unconnected: number;
  /** The connection was made for this request and ended before a byte of the answer. */
  readonly onNewConnection: number;
  /** The connection was kept from an earlier request and ended before a byte of the answer. */
  readonly onKeptConnection: number;
  /** The answer began, and the connection ended in it. */
  readonly cutOff: number;
  /** No whole answer within `requestTimeoutMs`. */
  readonly timedOut: number;
}

export type LostKind = keyof LostRequests;

export class ConnectionCounts {
  readonly #counts = {
    opened: 0,
    closedByClient: 0,
    closedAsAnnounced: 0,
    closedIdle: 0,
    closedUnderRequest: 0,
  };
  readonly #webSocketCloses: Record<string, number> = {};

  /** Of one that had been opened. */
  ended(how: ConnectionEnd): void {
    this.#counts.opened += 1;
    this.#counts[how] += 1;
  }

  webSocketClosed(code: number): void {
    this.#webSocketCloses[code] = (this.#webSocketCloses[code] ?? 0) + 1;
  }

  snapshot(): ProbeConnections {
    return Object.freeze({ ...this.#counts });
  }

  /** How many closes of each code: 1001 going away, 1006 without a close frame, 1012 restart, ... */
  webSocketCloses(): Readonly<Record<string, number>> {
    return Object.freeze({ ...this.#webSocketCloses });
  }
}
