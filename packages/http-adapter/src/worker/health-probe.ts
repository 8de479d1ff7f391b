// Asks the application's own server for its health path, in this worker and before it accepts anything: a socket of the
// worker's own (loopback, any port, open for one connection) is handed to the server as its listening socket would do it,
// so that TLS, middleware and `request.socket` are the real ones. Sharing the service's socket was rejected: whichever
// worker is free would answer.

import { request as httpRequest, type IncomingMessage } from "node:http";
import net from "node:net";
import { PoolError } from "@brood/core/errors";
import { listenOfNode } from "./listen-capture.ts";

const LOOPBACK = "127.0.0.1";

/** Rejects with what the application answered instead of 2xx or 3xx, or why it did not answer.
 *  @param adopt called with the accepted socket before the server gets it */
export async function probeHealth(
  server: net.Server,
  path: string,
  adopt: (socket: net.Socket) => void,
): Promise<void> {
  if (!("maxHeadersCount" in server) && !("allowHTTP1" in server)) {
    throw new PoolError(
      "BROOD_BAD_OPTION",
      "option healthCheck: a path needs a server that speaks HTTP/1; export healthCheck(ctx) from the entry instead",
    );
  }
  const gate = net.createServer({ noDelay: true });
  await opened(gate);
  const client = net.connect({ host: LOOPBACK, port: portOf(gate) });
  gate.on("connection", (socket) => {
    if (socket.remotePort !== client.localPort) return void socket.destroy();
    gate.close();
    adopt(socket);
    Reflect.set(socket, "server", server);
    server.emit("connection", socket);
  });
  try {
    const { statusCode = 0 } = await answer(await connected(client, isSecure(server)), path);
    if (statusCode >= 400 || statusCode < 200) throw new Error(`GET ${path} answered ${statusCode}`);
  } finally {
    client.destroy();
    gate.close();
  }
}

function opened(gate: net.Server): Promise<void> {
  return new Promise((resolve, reject) => {
    gate.once("error", reject);
    Reflect.apply(listenOfNode, gate, [{ host: LOOPBACK, port: 0 }, resolve]);
  });
}

function portOf(gate: net.Server): number {
  const address = gate.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** https and secure http2 servers have it. */
function isSecure(server: net.Server): boolean {
  return "setSecureContext" in server;
}

async function connected(client: net.Socket, isTls: boolean): Promise<net.Socket> {
  if (!isTls) return client;
  // The certificate names the public host, not us; the peer is this very process.
  const tls = await import("node:tls");
  return tls.connect({ socket: client, rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] });
}

function answer(socket: net.Socket, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { host: "localhost", connection: "close", "user-agent": "brood-health-check" };
    const request = httpRequest({ path, headers, createConnection: () => socket }, (response) => {
      response
        .on("error", reject)
        .on("end", () => resolve(response))
        .resume();
    });
    request.on("error", reject).end();
    socket.on("error", reject);
  });
}
