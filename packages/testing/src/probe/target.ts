// Where a probe sends its requests: the addresses that a Brood server prints, and ordinary http URLs.

import { badOption } from "@brood/core";

/** What node:http needs to reach the server. */
export type Target =
  | { readonly socketPath: string; readonly path: string }
  | { readonly host: string; readonly port: number; readonly path: string };

/** What node:net needs to reach it. */
export function addressOf(target: Target): { path: string } | { host: string; port: number } {
  return "socketPath" in target ? { path: target.socketPath } : { host: target.host, port: target.port };
}

const ACCEPTED = '"http://host:port/path", "tcp://host:port" or "unix:/path/of.sock"';

/** `path` wins over the one in an http URL. @throws PoolError BROOD_BAD_OPTION */
export function parseTarget(target: unknown, path: string | undefined): Target {
  const text = target instanceof URL ? target.href : target;
  if (typeof text !== "string") throw badOption("target", target, ACCEPTED);
  if (text.startsWith("unix:")) return parseUnix(text, path);

  if (!URL.canParse(text)) throw badOption("target", text, ACCEPTED);
  const url = new URL(text);
  if ((url.protocol !== "http:" && url.protocol !== "tcp:") || url.hostname === "")
    throw badOption("target", text, ACCEPTED);
  const port = url.port === "" && url.protocol === "http:" ? 80 : Number(url.port);
  if (port === 0) throw badOption("target", text, "an address with the port that the server got");
  // URL keeps the brackets of an IPv6 address, net.connect wants none.
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return { host, port, path: path ?? `${url.pathname === "" ? "/" : url.pathname}${url.search}` };
}

function parseUnix(text: string, path: string | undefined): Target {
  const socketPath = text.slice("unix:".length).replace(/^\/\/(?=\/)/, "");
  if (!socketPath.startsWith("/")) throw badOption("target", text, ACCEPTED);
  return { socketPath, path: path ?? "/" };
}
