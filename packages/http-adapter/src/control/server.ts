// The control socket: HTTP over a unix socket that only this user can open. It is also the lock on a server's name:
// it is opened before anything else, and a second server of the same name finds it live and is told so.
// It comes to its path like every unix socket of ours (unix-path.ts) and is closed last, so that the answer to
// `POST /stop` still gets out.

import { promises as fs } from "node:fs";
import { createServer, type Server as HttpServer, type ServerResponse } from "node:http";
import { detached, ignored } from "@brood/core/callbacks";
import { PoolError } from "@brood/core/errors";
import type { PathHolder, ReportPath } from "../listen/kept-path.ts";
import { lockPath } from "../listen/path-lock.ts";
import { PathWatch } from "../listen/path-watch.ts";
import {
  bindAtPath,
  checkPathLength,
  hiddenPath,
  inspectPath,
  isCode,
  isStillThere,
  type OwnedPath,
  ownedPath,
  type PathState,
  publishPath,
  refuseTaken,
  unlinkOwned,
} from "../listen/unix-path.ts";
import { prepareControlFolder } from "./paths.ts";
import { answer } from "./routes.ts";
import type { ControlTarget } from "./target.ts";

const SOCKET_MODE = 0o600;

/** For a request to come in; what it asks for may take as long as its drains do. Looked after seldom: an idle supervisor sleeps. */
const LIMITS = { requestTimeout: 10_000, headersTimeout: 10_000, connectionsCheckingInterval: 5_000 };

/** A client that opens more than any tool does must not take the supervisor's descriptors. */
const CONNECTIONS_MAX = 256;

const NO_CONNECT = "HTTP/1.1 405 Method Not Allowed\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/** Answers are short and local; a client that has not taken its by then is not reading. */
const CLOSE_GRACE_MS = 1_000;

/** How long a stop waits for a path that somebody else is about to take. */
const RELEASE_WAIT_MS = 1_000;

export interface ControlServer {
  readonly path: string;
  /** A socket was left at the path: our predecessor died without cleaning up. */
  readonly predecessorDied: boolean;
  /** From now on requests are answered; before, with 503. */
  attach(target: ControlTarget): void;
  /** Ends event streams, lets other answers finish, unlinks the path if it still is ours. */
  close(): Promise<void>;
}

/** A path that is removed while the server runs is bound anew.
 *  @param isDefaultPath  its folder is ours to make and to keep closed.
 *  @throws PoolError BROOD_ADDRESS_IN_USE when a live server has the path, BROOD_CONTROL_FAILED */
export async function openControlServer(
  path: string,
  isDefaultPath: boolean,
  report: ReportPath = () => undefined,
): Promise<ControlServer> {
  checkPathLength("control", path);
  let target: ControlTarget | null = null;
  const streams = new Set<ServerResponse>();
  const servers: HttpServer[] = [];
  const listenAnew = async (): Promise<Listening> => {
    if (isDefaultPath) await prepareControlFolder(path);
    const server = createServer(LIMITS, (request, response) =>
      detached(answer(target, streams, request, response), ignored),
    );
    server.maxConnections = CONNECTIONS_MAX;
    // Without a listener Node would close it without a word.
    server.on("connect", (_, socket) => socket.on("error", () => undefined).end(NO_CONNECT));
    const listening = await listenAt(server, path);
    servers.push(server);
    return listening;
  };
  const first = await listenAnew();
  let { owned } = first;
  let holder: PathHolder = "ours";
  const watch = new PathWatch(path, async () => {
    if (await isStillThere(owned)) return;
    const found = await listenAnew().catch((error: unknown) =>
      isCode(error, "BROOD_ADDRESS_IN_USE", "BROOD_ADDRESS_UNAVAILABLE") ? "foreign" : "nobody",
    );
    const now = typeof found === "string" ? found : "ours";
    if (now !== holder || now === "ours") report(path, now);
    holder = now;
    watch.renew();
    if (typeof found === "string") return;
    owned = found.owned;
    // Nobody can come to it any more; who is there is answered still.
    servers.at(-2)?.close();
  });
  return {
    path,
    predecessorDied: first.predecessorDied,
    attach: (attached) => {
      target = attached;
    },
    close: async () => {
      await watch.stop();
      const lock = await lockPath(path, RELEASE_WAIT_MS).catch(() => null);
      await unlinkOwned(owned);
      lock?.release();
      for (const stream of streams) stream.end();
      await Promise.all(servers.map(close));
    },
  };
}

interface Listening {
  readonly owned: OwnedPath;
  readonly predecessorDied: boolean;
}

/** Under the path's lock: of several servers that start at once one listens when the others look. */
async function listenAt(server: HttpServer, path: string): Promise<Listening> {
  const lock = await lockPath(path);
  try {
    const state = await inspectPath(path);
    refuse(path, state);
    const descriptor = await bindAtPath(path, state, SOCKET_MODE);
    const owned =
      descriptor === null ? await listenHidden(server, path) : await listenBound(server, path, descriptor);
    // An accept that fails, as in a full descriptor table, is the client's loss and not the supervisor's end.
    server.on("error", () => undefined);
    return { owned, predecessorDied: state === "stale" };
  } catch (error) {
    throw error instanceof PoolError ? error : failed(path, error);
  } finally {
    lock.release();
  }
}

async function listenBound(server: HttpServer, path: string, descriptor: number): Promise<OwnedPath> {
  const owned = await ownedPath(path);
  try {
    await listen(server, { fd: descriptor });
    return owned;
  } catch (error) {
    await unlinkOwned(owned);
    throw error;
  }
}

/** Without the addon. */
async function listenHidden(server: HttpServer, path: string): Promise<OwnedPath> {
  const hidden = await hiddenPath("control", path);
  try {
    await listen(server, { path: hidden.path });
    await fs.chmod(hidden.path, SOCKET_MODE);
    return await publishPath("control socket", hidden.path, path);
  } catch (error) {
    await close(server);
    throw error;
  } finally {
    await hidden.remove();
  }
}

function refuse(path: string, state: PathState): void {
  if (state === "live") throw nameTaken(path);
  refuseTaken("control socket", path, state);
}

export function nameTaken(path: string): PoolError {
  const message = `control socket unix:${path} is in use: a server of this name runs. Stop it, or give this one another --name.`;
  return new PoolError("BROOD_ADDRESS_IN_USE", message, { details: { path } });
}

function listen(
  server: HttpServer,
  where: { readonly fd: number } | { readonly path: string },
): Promise<void> {
  return new Promise((resolve, reject) => {
    // Exclusive: in a worker of node:cluster it is this process's all the same.
    server.once("error", reject).listen({ ...where, exclusive: true }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function close(server: HttpServer): Promise<void> {
  return new Promise((resolve) => {
    const cutOff = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
    server.close(() => {
      clearTimeout(cutOff);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function failed(path: string, cause: unknown): PoolError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `control socket ${path} cannot be opened: ${reason}. Give another path with --control.`;
  return new PoolError("BROOD_CONTROL_FAILED", message, { details: { path }, cause });
}
