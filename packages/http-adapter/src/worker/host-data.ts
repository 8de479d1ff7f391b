// What the supervisor side tells this side, as JSON through `ServiceOptions.hostData`. The one codec of this
// folder: what is missing gets its default, so that a test, or an older supervisor, may leave fields out.

import type { HttpServerOptions } from "../http-server-options.ts";
import type { Learned } from "../sharing/wanted.ts";

/** For `ServiceOptions.hostData`. */
export interface HttpHostData {
  /** Each response carries `x-brood-generation` and `x-brood-worker`. Default false. */
  readonly exposeGeneration: boolean;
  /** Shortens how long a draining worker keeps an idle connection that cannot move; null (default): as long as its client
   *  was told that it may be idle. */
  readonly lingerMs?: number | null;
  /** The supervisor kills a draining worker then. Default 30_000. */
  readonly drainTimeoutMs?: number;
  /** A draining worker passes its idle connections on; only with the native addon. Default false. */
  readonly moves?: boolean;
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
  /** How the program's own `listen` calls are understood; null (default): there is nobody to ask for a socket, and whatever is
   *  not served on the addresses goes to Node. */
  readonly sharing?: SharingData | null;
  /** GET requests of our own before anybody serves: each path so many times. Default none. */
  readonly warmup?: { readonly requests: number; readonly paths: readonly string[] };
}

export interface SharingData {
  /** `addresses` were chosen by `--listen`, a configuration or systemd; false: by the program, as far as there are any. */
  readonly isGiven: boolean;
  /** Descriptors that the addresses were given as. */
  readonly descriptors: readonly number[];
  readonly learned: Learned;
}

const DRAIN_TIMEOUT_MS = 30_000;

export function readHostData(hostData: unknown): Required<HttpHostData> {
  const given: Partial<HttpHostData> = typeof hostData === "object" && hostData !== null ? hostData : {};
  return {
    exposeGeneration: given.exposeGeneration ?? false,
    lingerMs: given.lingerMs ?? null,
    drainTimeoutMs: given.drainTimeoutMs ?? DRAIN_TIMEOUT_MS,
    moves: given.moves ?? false,
    ticketKeys: given.ticketKeys ?? null,
    waitReady: given.waitReady ?? false,
    addresses: given.addresses ?? [],
    backlogs: given.backlogs ?? [],
    server: given.server ?? {},
    handoff: given.handoff ?? "listener",
    inheritsNoDelay: given.inheritsNoDelay ?? false,
    healthPath: given.healthPath ?? null,
    sharing: given.sharing ?? null,
    warmup: given.warmup ?? { requests: 0, paths: [] },
  };
}
