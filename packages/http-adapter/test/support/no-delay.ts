// What TCP_NODELAY is on a connection of each kind of server, as the application test/fixtures/apps/no-delay.mjs tells it.

import { once } from "node:events";
import net from "node:net";
import { fileURLToPath } from "node:url";
import { fetchOver } from "./fetch-over.ts";
import { within } from "./within.ts";

export const NO_DELAY_APP: string = fileURLToPath(new URL("../fixtures/apps/no-delay.mjs", import.meta.url));

/** As the server gets the connection, as it serves it, and after the application has switched the option off, on and off. */
export type Told = readonly boolean[];

/** In plain Node: an https or http2 socket believes at first that it is off, so switching it off does nothing. */
export const IN_PLAIN_NODE: Readonly<Record<string, Told>> = {
  http: [true, true, false, true, false],
  "http, off": [false, false, false, true, false],
  https: [true, true, true, true, false],
  "https, off": [false, false, false, true, false],
  h2c: [false, true, false, true, false],
  h2: [false, true, true, true, false],
  tcp: [false, false, false, true, false],
  "tcp, on": [true, true, false, true, false],
};

export const KINDS: readonly string[] = Object.keys(IN_PLAIN_NODE);

/** What a server of this kind says of a new connection. */
export async function told(kind: string, port: number): Promise<Told> {
  const target = { host: "127.0.0.1", port };
  const [protocol] = kind.split(",");
  if (protocol === "tcp") return JSON.parse(await overTcp(target));
  if (protocol !== "http" && protocol !== "https" && protocol !== "h2c" && protocol !== "h2")
    throw new TypeError(kind);
  return JSON.parse((await fetchOver(protocol, { target }, "/")).body);
}

async function overTcp(target: net.TcpNetConnectOpts): Promise<string> {
  const socket = net.connect(target);
  socket.write("tell");
  const [answer]: unknown[] = await within("the answer", once(socket, "data"));
  socket.destroy();
  return String(answer);
}
