// What the supervisor side tells this side, as JSON through `ServiceOptions.hostData`. The one codec of this
// folder: what is missing gets its default, so that a test, or an older supervisor, may leave fields out.

import type { HttpServerOptions } from "../http-server-options.ts";

/** For `ServiceOptions.hostData`. */
export interface HttpHostData {
  /** Each response carries `x-brood-generation` and `x-brood-worker`. Default false. */
  readonly exposeGeneration: boolean;
  /** A draining worker keeps a connection with nothing in flight open for so long, so that a request that is on
   *  its way is answered. Default 500: more than a round trip to anywhere, little beside any drain deadline. */
  readonly lingerMs: number;
  /** The worker is ready only when the script has sent "ready". Default false. */
  readonly waitReady?: boolean;
  /** 48 bytes in base64, for TLS session tickets; null (default) leaves Node's. */
  readonly ticketKeys?: string | null;
  /** Beside each of the sockets its address as `brood` prints it: `tcp://127.0.0.1:3000`, `unix:/run/app.sock`.
   *  Node cannot ask a unix descriptor for its path, and applications expect it of `server.address()`.
   *  Default none. */
  readonly addresses?: readonly string[];
  /** Where connections come from: listening sockets that go with the worker ("listener", "reuseport"), or the
   *  supervisor, one by one ("connection"). Default "listener". */
  readonly handoff?: "listener" | "reuseport" | "connection";
  /** Beside each address the backlog to listen with; null leaves it to the application. Default none. */
  readonly backlogs?: readonly (number | null)[];
  /** Limits of the HTTP server that were given. Default none. */
  readonly server?: HttpServerOptions;
  /** TCP connections come with TCP_NODELAY set, from their listening sockets. Default false. */
  readonly inheritsNoDelay?: boolean;
  /** Asked of the application before it serves and while it is on trial; null (default) for none. */
  readonly healthPath?: string | null;
  /** GET requests of our own before anybody serves: each path so many times. Default none. */
  readonly warmup?: { readonly requests: number; readonly paths: readonly string[] };
}

const LINGER_MS = 500;

export function readHostData(hostData: unknown): Required<HttpHostData> {
  const given: Partial<HttpHostData> = typeof hostData === "object" && hostData !== null ? hostData : {};
  return {
    exposeGeneration: given.exposeGeneration ?? false,
    lingerMs: given.lingerMs ?? LINGER_MS,
    ticketKeys: given.ticketKeys ?? null,
    waitReady: given.waitReady ?? false,
    addresses: given.addresses ?? [],
    backlogs: given.backlogs ?? [],
    server: given.server ?? {},
    handoff: given.handoff ?? "listener",
    inheritsNoDelay: given.inheritsNoDelay ?? false,
    healthPath: given.healthPath ?? null,
    warmup: given.warmup ?? { requests: 0, paths: [] },
  };
}
