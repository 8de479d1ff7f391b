// A connection from this process to its application's own server, before anybody else can connect: a socket of our own
// (loopback, any port, open for one connection) is handed to the server as its listening socket would do it. So TLS,
// middleware and `request.socket` are the real ones, and so is all code that runs. Sharing the service's socket was rejected:
// whichever worker is free would answer.

import type { EventEmitter } from "node:events";
import net from "node:net";
import { unheld } from "@brood/core/worker";
import { listenOfNode } from "./listen-capture.ts";

const LOOPBACK = "127.0.0.1";

export interface OwnConnection {
  /** Our end; encrypted if the server speaks TLS. */
  readonly socket: net.Socket;
  /** At once, also when an answer is still to come. */
  destroy(): void;
  /** Settles when nothing of it is open any more: both ends, and the socket that was open for it. */
  readonly closed: Promise<void>;
}

/** HTTP/2 servers speak it only on request. */
export function speaksHttp1(server: net.Server): boolean {
  return "maxHeadersCount" in server || "allowHTTP1" in server;
}

/** @param protocol what TLS is to agree on  @param adopt called with the server's end before the server gets it
 *  @throws the operating system's error when there is no socket to be had */
export async function openOwnConnection(
  server: net.Server,
  protocol: "http/1.1" | "h2",
  adopt: (socket: net.Socket) => void = () => {},
): Promise<OwnConnection> {
  const gate = net.createServer({ noDelay: true });
  const gateClosed = closeOf(gate);
  await opened(gate);
  const client = unheld(() => net.connect({ host: LOOPBACK, port: portOf(gate), noDelay: true }));
  const accepted = await acceptedOf(gate, client).finally(() => gate.close());
  adopt(accepted);
  const closed = Promise.all([gateClosed, closeOf(client), closeOf(accepted)]).then(() => undefined);
  Reflect.set(accepted, "server", server);
  server.emit("connection", accepted);
  const socket = isSecure(server) ? await encrypted(client, protocol) : client;
  return { socket, destroy: () => client.destroy(), closed };
}

function closeOf(emitter: EventEmitter): Promise<void> {
  return new Promise((resolve) => emitter.once("close", () => resolve()));
}

/** The server's end. A stranger who comes by is sent away. */
function acceptedOf(gate: net.Server, client: net.Socket): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    client.once("error", reject);
    gate.on("connection", (socket) => {
      if (socket.remotePort !== client.localPort) return void socket.destroy();
      client.off("error", reject);
      resolve(socket);
    });
  });
}

function opened(gate: net.Server): Promise<void> {
  return new Promise((resolve, reject) => {
    gate.once("error", reject);
    unheld(() => Reflect.apply(listenOfNode, gate, [{ host: LOOPBACK, port: 0 }, resolve]));
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

async function encrypted(client: net.Socket, protocol: string): Promise<net.Socket> {
  // The certificate names the public host, not us; the peer is this very process.
  const tls = await import("node:tls");
  return tls.connect({ socket: client, rejectUnauthorized: false, ALPNProtocols: [protocol] });
}
