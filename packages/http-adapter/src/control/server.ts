// The control socket: HTTP over a unix socket that only this user can open. It is also the lock on a server's name:
// it is opened before anything else, and a second server of the same name finds it live and is told so.
// It comes to its path like every unix socket of ours (unix-path.ts) and is closed last, so that the answer to
// `POST /stop` still gets out.

import { promises as fs } from "node:fs";
import { createServer, type Server as HttpServer, type ServerResponse } from "node:http";
import { PoolError } from "@brood/core/errors";
import {
  inspectPath,
  type PathState,
  publishPath,
  refuseTaken,
  temporaryPath,
  unlinkOwned,
} from "../listen/unix-path.ts";
import { prepareControlFolder } from "./paths.ts";
import { answer } from "./routes.ts";
import type { ControlTarget } from "./target.ts";

const SOCKET_MODE = 0o600;

/** Answers are short and local; a client that has not taken its by then is not reading. */
const CLOSE_GRACE_MS = 1_000;

export interface ControlServer {
  readonly path: string;
  /** A socket was left at the path: our predecessor died without cleaning up. */
  readonly predecessorDied: boolean;
  /** From now on requests are answered; before, with 503. */
  attach(target: ControlTarget): void;
  /** Ends event streams, lets other answers finish, unlinks the path if it still is ours. */
  close(): Promise<void>;
}

/** @param isDefaultPath  its folder is ours to make and to keep closed.
 *  @throws PoolError BROOD_ADDRESS_IN_USE when a live server has the path, BROOD_CONTROL_FAILED */
export async function openControlServer(path: string, isDefaultPath: boolean): Promise<ControlServer> {
  if (isDefaultPath) await prepareControlFolder(path);
  const temporary = temporaryPath("control", path);
  const state = await inspect(path);
  let target: ControlTarget | null = null;
  const streams = new Set<ServerResponse>();
  const server = createServer((request, response) => void answer(target, streams, request, response));
  // A restart may take as long as its drains do.
  server.requestTimeout = 0;
  await listen(server, temporary, path);
  const owned = await publish(temporary, path).catch(async (error: unknown) => {
    await close(server);
    throw error;
  });
  return {
    path,
    predecessorDied: state === "stale",
    attach: (attached) => {
      target = attached;
    },
    close: async () => {
      await unlinkOwned(owned);
      for (const stream of streams) stream.end();
      await close(server);
    },
  };
}

async function inspect(path: string): Promise<PathState> {
  const state = await inspectPath(path).catch((cause: unknown) => {
    throw failed(path, cause);
  });
  refuse(path, state);
  return state;
}

function refuse(path: string, state: PathState): void {
  if (state !== "live") return refuseTaken("control socket", path, state);
  const message = `control socket unix:${path} is in use: a server of this name runs. Stop it, or give this one another --name.`;
  throw new PoolError("BROOD_ADDRESS_IN_USE", message, { details: { path } });
}

async function publish(temporary: string, path: string): ReturnType<typeof publishPath> {
  await fs.chmod(temporary, SOCKET_MODE);
  return publishPath("control socket", temporary, path);
}

function listen(server: HttpServer, temporary: string, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => reject(failed(path, cause)));
    server.listen(temporary, resolve);
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
