// Small real servers for the probe to meet. Each is closed, with its sockets, when the test ends.

import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTcpServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

export interface TestServer {
  /** For `versionProbe({ target })`. */
  readonly target: string;
  /** Sockets open now, on the server's side. */
  readonly sockets: ReadonlySet<Socket>;
  /** Connections accepted so far. */
  connections(): number;
}

/** Listens on a port of its own, or on a unix socket. */
export async function httpServer(
  listener: RequestListener,
  where: "tcp" | "unix" = "tcp",
): Promise<TestServer> {
  return listen(createServer(listener), where);
}

/** Speaks whatever `onSocket` writes. */
export async function rawServer(onSocket: (socket: Socket) => void): Promise<TestServer> {
  return listen(createTcpServer(onSocket), "tcp");
}

let paths = 0;

async function listen(
  server: Server | ReturnType<typeof createTcpServer>,
  where: "tcp" | "unix",
): Promise<TestServer> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  server.on("connection", (socket: Socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  });
  paths += 1;
  const path = join(tmpdir(), `brood-probe-${process.pid}-${paths}.sock`);
  await new Promise<void>((resolve) => {
    if (where === "unix") server.listen(path, resolve);
    else server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const target =
    typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}` : `unix:${path}`;
  return { target, sockets, connections: () => accepted };
}
