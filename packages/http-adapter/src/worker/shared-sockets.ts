// Puts a server on the supervisor's descriptors. The first becomes the server's own, so that `listening`,
// `address()` and callbacks behave; each other one gets an auxiliary server that hands its connections over by
// `main.emit("connection", socket)`, the documented way in for http, https and http2 alike.
// Closing goes through net.Server's own close: http.Server's also closes connections that look idle, and a
// request may be on its way on them. The sockets themselves stay open, they are the supervisor's.

import net from "node:net";
import type { BareHandle } from "../listen/server-handle.ts";
import type { ListenCall } from "./listen-call.ts";
import { listenOfNode } from "./listen-capture.ts";
import type { Door } from "./moving/arrivals.ts";
import type { InheritedNoDelay } from "./no-delay.ts";

/** The application may put its own in the place of it. */
const { setImmediate } = globalThis;

/** A listening socket of the supervisor's. */
export interface SharedSocket {
  readonly descriptor: number;
  /** Null leaves it to the application or Node. */
  readonly backlog: number | null;
  /** It outlives the service. */
  readonly isInherited: boolean;
}

export class SharedSockets {
  readonly #main: net.Server;
  readonly #servers: readonly net.Server[];
  readonly #inherited: readonly net.Server[];
  readonly #noDelay: InheritedNoDelay | null;
  /** Of the slots' sockets, which have all the same. */
  readonly #backlog: number | null;
  /** Of other slots, by slot. */
  readonly #adopted: Map<number, net.Server[]> = new Map();

  private constructor(
    main: net.Server,
    servers: readonly net.Server[],
    inherited: readonly net.Server[],
    noDelay: InheritedNoDelay | null,
    backlog: number | null,
  ) {
    this.#main = main;
    this.#servers = servers;
    this.#inherited = inherited;
    this.#noDelay = noDelay;
    this.#backlog = backlog;
  }

  /** Resolves when `main` gets connections from every descriptor. Rejects with Node's error.
   *  @param pathOfMain what `main.address()` says if the first descriptor is a unix socket
   *  @param noDelay  if TCP_NODELAY comes with the connections */
  static async open(
    main: net.Server,
    sockets: readonly SharedSocket[],
    pathOfMain: string,
    options: ListenCall["options"],
    noDelay: InheritedNoDelay | null = null,
  ): Promise<SharedSockets> {
    answerAddress(main, pathOfMain);
    const servers = sockets.map((_, index) => (index === 0 ? main : auxiliaryOf(main)));
    await Promise.all(
      servers.map((server, index) =>
        listening(
          server,
          { ...(index === 0 && options), fd: sockets[index]?.descriptor },
          sockets[index]?.backlog ?? (index === 0 ? options.backlog : undefined),
          noDelay,
        ),
      ),
    );
    for (const auxiliary of servers.slice(1)) auxiliary.on("error", (error) => main.emit("error", error));
    const inherited = servers.filter((_, index) => sockets[index]?.isInherited);
    return new SharedSockets(main, servers, inherited, noDelay, sockets[0]?.backlog ?? null);
  }

  /** Resolves when nothing waits to be accepted any more; inherited sockets are closed at once, and serve somebody else. */
  async emptied(withinMs: number): Promise<void> {
    for (const server of this.#inherited) closeListening(server);
    const untilMs = performance.now() + withinMs;
    const serving = [...this.#servers, ...[...this.#adopted.values()].flat()];
    let isSilent = false;
    const heard = (): void => {
      isSilent = false;
    };
    for (const server of serving) server.on("connection", heard);
    while (!isSilent && performance.now() < untilMs) {
      isSilent = true;
      await polled();
    }
    for (const server of serving) server.off("connection", heard);
  }

  /** The way in for a connection that this process has not accepted; good also when nothing more is accepted. */
  door(): Door {
    const handle: unknown = Reflect.get(this.#main, "_handle");
    const onconnection: unknown = isObject(handle) ? Reflect.get(handle, "onconnection") : undefined;
    if (typeof onconnection !== "function")
      throw new TypeError("net.Server has no onconnection in this Node");
    return (connection) => void Reflect.apply(onconnection, handle, [0, connection]);
  }

  /** Accepts nothing more. Connections stay as they are. */
  close(): void {
    for (const server of this.#servers) closeListening(server);
    for (const slot of [...this.#adopted.keys()]) this.release(slot);
  }

  /** Serves a socket of another slot too. */
  adopt(slot: number, handle: BareHandle): void {
    const server = auxiliaryOf(this.#main);
    server.on("error", (error) => this.#main.emit("error", error));
    this.#adopted.set(slot, [...(this.#adopted.get(slot) ?? []), server]);
    Reflect.apply(listenOfNode, server, [{ handle }, ...(this.#backlog === null ? [] : [this.#backlog])]);
    this.#noDelay?.expect(server);
  }

  /** Lets go of it; when this returns its descriptors are closed here. */
  release(slot: number): void {
    for (const server of this.#adopted.get(slot) ?? []) net.Server.prototype.close.call(server);
    this.#adopted.delete(slot);
  }
}

function closeListening(server: net.Server): void {
  if (server.listening) net.Server.prototype.close.call(server);
  allowLateClose(server);
}

/** Resolves when the event loop has looked at every descriptor once: the first turn may be over with that already. */
async function polled(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** What a server does to the sockets it accepts. */
const SOCKET_OPTIONS: readonly string[] = [
  "allowHalfOpen",
  "pauseOnConnect",
  "noDelay",
  "keepAlive",
  "keepAliveInitialDelay",
  "highWaterMark",
  "maxConnections",
];

/** An application that closes its server when it is told to end finds it closed already, and that is what it wanted: no
 *  error, on which it would leave with exit code 1. */
export function allowLateClose(server: net.Server): void {
  const { close } = server;
  Reflect.set(server, "close", (onClosed?: (error?: Error) => void): net.Server => {
    const closed = (error?: Error): void => {
      const wasClosed = error !== undefined && "code" in error && error.code === "ERR_SERVER_NOT_RUNNING";
      onClosed?.(wasClosed ? undefined : error);
    };
    return Reflect.apply(close, server, onClosed === undefined ? [] : [closed]);
  });
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function auxiliaryOf(main: net.Server): net.Server {
  const auxiliary = net.createServer((socket) => {
    // http reports client errors to `socket.server`.
    Reflect.set(socket, "server", main);
    main.emit("connection", socket);
  });
  for (const option of SOCKET_OPTIONS) {
    const value: unknown = Reflect.get(main, option);
    if (value !== undefined) Reflect.set(auxiliary, option, value);
  }
  return auxiliary;
}

/** Node takes the backlog of a descriptor from the second argument only. */
function listening(
  server: net.Server,
  options: object,
  backlog: number | undefined,
  noDelay: InheritedNoDelay | null,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settled = (error?: Error): void => {
      server.off("listening", settled).off("error", settled);
      if (error === undefined) resolve();
      else reject(error);
    };
    server.once("listening", settled).once("error", settled);
    Reflect.apply(listenOfNode, server, backlog === undefined ? [options] : [options, backlog]);
    noDelay?.expect(server);
  });
}

/** Node cannot tell the path of a descriptor and would answer null; Fastify, for one, breaks on that. */
export function answerAddress(server: net.Server, path: string): void {
  const address = server.address;
  Reflect.set(server, "address", () => address.call(server) ?? (server.listening ? path : null));
}
