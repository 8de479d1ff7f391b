// What becomes of one client: a connection of its own, one request, and how that ended.

import net from "node:net";

/** `refused`: nobody listened. `lost`: it was connected, and got no answer. */
export type Outcome = "answered" | "refused" | `lost: ${string}`;

export interface Visit {
  /** Settles when it is connected, or never will be. */
  readonly connected: Promise<void>;
  readonly outcome: Promise<Outcome>;
}

/** @param address  as `brood` prints it */
export function visit(address: string, path = "/"): Visit {
  const socket = net.connect(targetOf(address));
  let received = "";
  let isConnected = false;
  let settleConnected = (): void => {};
  const connected = new Promise<void>((resolve) => {
    settleConnected = resolve;
  });
  socket.setEncoding("latin1");
  socket.once("connect", () => {
    isConnected = true;
    settleConnected();
    socket.write(`GET ${path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n`);
  });
  socket.on("data", (text: string) => {
    received += text;
  });
  const outcome = new Promise<Outcome>((resolve) => {
    let why = "closed";
    socket.on("error", (error: NodeJS.ErrnoException) => {
      why = error.code ?? error.message;
    });
    socket.once("close", () => {
      settleConnected();
      if (/^HTTP\/1\.1 200 /.test(received)) resolve("answered");
      else if (!isConnected && ["ECONNREFUSED", "ENOENT"].includes(why)) resolve("refused");
      else resolve(`lost: ${why} ${received.slice(0, 40)}`);
    });
  });
  return { connected, outcome };
}

function targetOf(address: string): net.NetConnectOpts {
  if (address.startsWith("unix:")) return { path: address.slice("unix:".length) };
  const { hostname, port } = new URL(address);
  return { host: hostname, port: Number(port) };
}
