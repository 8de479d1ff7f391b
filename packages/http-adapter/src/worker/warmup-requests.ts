// Requests before anybody serves: what they run is compiled when the first user comes. One after the other, over connections
// of our own, through everything that a user's request goes through. Requests without a socket (light-my-request) were
// rejected: their classes are not Node's own, and what reads from a connection and writes to it stays cold.
// An answer of 5xx, or none, is said and nothing more: a health page may well depend on what onWorkerBoot opens.

import { Agent, type ClientRequestArgs, request as httpRequest } from "node:http";
import type { Server, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { asError, detached, ignored } from "@brood/core/callbacks";
import type { HttpHostData } from "./host-data.ts";
import { type OwnConnection, openOwnConnection, speaksHttp1 } from "./own-connection.ts";

/** Applications can tell them from users' requests. */
const USER_AGENT = "brood-warmup";

const SERVER_ERROR = 500;

/** In a template: what waits for a connection that only workers open is never answered there. */
const ANSWER_WITHIN_MS = 1_000;

interface WarmupClient {
  /** Resolves with the status when the answer has been read to its end. */
  get(path: string, signal: AbortSignal): Promise<number>;
  close(): Promise<void>;
}

export interface Sending {
  /** Called with the server's end of each connection before the server gets it. */
  readonly adopt?: (socket: Socket) => void;
  /** Aborted, it stops at once, an answer that is still to come included, and says nothing of that. */
  readonly signal?: AbortSignal;
  /** Whether a request that is not answered in time may wait for something that does not come here; it is given up then, and
   *  its path is not asked for again. */
  readonly mayBeStuck?: () => boolean;
}

export async function sendWarmupRequests(
  server: Server,
  warmup: HttpHostData["warmup"],
  { adopt = () => {}, signal, mayBeStuck = () => false }: Sending = {},
): Promise<void> {
  const isStopped = (): boolean => signal?.aborted === true;
  if (warmup === undefined || warmup.requests === 0 || isStopped()) return;
  const client = speaksHttp1(server) ? new Http1Client(server, adopt) : await openHttp2Client(server, adopt);
  const stop = (): void => detached(client.close(), ignored);
  signal?.addEventListener("abort", stop, { once: true });
  const failed = new Map<string, string>();
  const stuck = new Set<string>();
  for (let count = 0; count < warmup.requests; count += 1) {
    for (const path of warmup.paths) {
      if (isStopped()) break;
      if (stuck.has(path)) continue;
      const patience = new Patience(mayBeStuck);
      const failure = await client.get(path, patience.signal).then(failureOf, String);
      if (patience.isOver()) stuck.add(path);
      if (failure !== null && !isStopped()) failed.set(path, patience.isOver() ? NO_ANSWER : failure);
    }
  }
  signal?.removeEventListener("abort", stop);
  await client.close();
  for (const [path, failure] of failed)
    process.stderr.write(`brood: warm-up request GET ${path}: ${failure}\n`);
}

const NO_ANSWER =
  `no answer within ${ANSWER_WITHIN_MS.toLocaleString("en-US")} ms, as it may wait for a connection that only workers open. ` +
  "It is not sent again";

/** Of one request. */
class Patience {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(mayBeStuck: () => boolean) {
    this.#timer = setInterval(() => {
      if (mayBeStuck()) this.#controller.abort();
    }, ANSWER_WITHIN_MS);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Once it is answered. */
  isOver(): boolean {
    clearInterval(this.#timer);
    return this.#controller.signal.aborted;
  }
}

function failureOf(status: number): string | null {
  return status >= SERVER_ERROR ? `answered ${status}` : null;
}

/** Keeps its connection as long as the application does. */
class Http1Client extends Agent implements WarmupClient {
  readonly #server: Server;
  readonly #adopt: (socket: Socket) => void;
  readonly #connections: OwnConnection[] = [];
  #isClosed = false;

  constructor(server: Server, adopt: (socket: Socket) => void) {
    super({ keepAlive: true, maxSockets: 1 });
    this.#server = server;
    this.#adopt = adopt;
  }

  override createConnection(
    _: ClientRequestArgs,
    opened: (error: Error | null, socket?: Duplex) => void,
  ): undefined {
    const opening = openOwnConnection(this.#server, "http/1.1", this.#adopt).then((connection) => {
      this.#connections.push(connection);
      if (this.#isClosed) connection.destroy();
      opened(null, connection.socket);
    });
    detached(opening, (error) => opened(asError(error)));
  }

  get(path: string, signal: AbortSignal): Promise<number> {
    return new Promise((resolve, reject) => {
      const headers = { host: "localhost", "user-agent": USER_AGENT };
      httpRequest({ agent: this, path, headers, signal }, (response) => {
        response
          .on("error", reject)
          .on("end", () => resolve(response.statusCode ?? 0))
          .resume();
      })
        .on("error", reject)
        .end();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.destroy();
    for (const connection of this.#connections) connection.destroy();
    await Promise.all(this.#connections.map(({ closed }) => closed));
  }
}

async function openHttp2Client(server: Server, adopt: (socket: Socket) => void): Promise<WarmupClient> {
  const { connect } = await import("node:http2");
  const { socket, destroy, closed } = await openOwnConnection(server, "h2", adopt);
  const session = connect("http://localhost", { createConnection: () => socket });
  session.on("error", () => {}); // its streams tell
  return {
    get: (path, signal) =>
      new Promise((resolve, reject) => {
        let status = 0;
        session
          .request({ ":path": path, "user-agent": USER_AGENT }, { signal })
          .on("response", (headers) => {
            status = headers[":status"] ?? 0;
          })
          .on("error", reject)
          .on("end", () => resolve(status))
          .resume();
      }),
    async close() {
      session.close();
      destroy();
      await closed;
    },
  };
}
