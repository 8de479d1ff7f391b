// What a user may write for an address, as a closed union. Written forms:
//   3000 · 127.0.0.1:3000 · localhost:3000 · [::1]:3000 · tcp://[::1]:3000 · unix:/run/app.sock · unix:app.sock · fd:3
//   fd:web (a socket of systemd, by its name)
// A bare port listens on every interface, as Node's own default does: `::` for IPv6 and IPv4, or 0.0.0.0 where the
// machine has no IPv6. Port 0 asks the system for a free one. Names are looked up only when binding.

import { isIPv6 } from "node:net";
import { resolve } from "node:path";
import { badOption } from "@brood/core/errors";
import { isList } from "@brood/core/options";
import { type InheritedSocket, inheritedSockets } from "../systemd/inherited-sockets.ts";

export type ListenAddress =
  /** `host` null: every interface. */
  | { readonly kind: "tcp"; readonly host: string | null; readonly port: number; readonly ipv6Only?: boolean }
  /** `path` is absolute. */
  | { readonly kind: "unix"; readonly path: string }
  /** A bound stream socket that this process has inherited, from systemd or another parent. */
  | { readonly kind: "fd"; readonly fd: number };

const ADDRESS_FORMS = "3000, 127.0.0.1:3000, tcp://[::1]:3000, unix:/run/app.sock or fd:3";

/** Where to listen when nobody said so. */
export const PORT_DEFAULT = 3000;

/** `listen` of the configuration: one address or several; undefined means $PORT, else 3000.
 *  @param cwd  what a relative unix path is relative to.
 *  @throws PoolError BROOD_BAD_OPTION naming the value and the accepted forms. */
export function parseAddresses(
  listen: unknown,
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): readonly ListenAddress[] {
  const inherited = inheritedSockets(env, process.pid);
  if (listen === undefined && inherited.length > 0) return inherited.map(({ fd }) => ({ kind: "fd", fd }));
  if (listen === undefined) return [defaultAddress(env)];
  const list: readonly unknown[] = isList(listen) ? listen : [listen];
  if (list.length === 0) throw badOption("listen", listen, `at least one address: ${ADDRESS_FORMS}`);
  const addresses = list.map((each) => parseAddress(each, cwd, inherited));
  refuseDuplicates(addresses);
  return addresses;
}

/** @throws PoolError BROOD_BAD_OPTION */
export function parseAddress(
  value: unknown,
  cwd: string,
  inherited: readonly InheritedSocket[] = [],
): ListenAddress {
  const text = typeof value === "number" ? String(value) : value;
  const address = typeof text === "string" ? read(text, cwd, inherited) : null;
  if (address === null) throw badOption("listen", value, ADDRESS_FORMS);
  return address;
}

/** As in the ready line and in `server.addresses`: `tcp://127.0.0.1:3000`, `unix:/run/app.sock`, `fd:3`. */
export function formatAddress(address: ListenAddress): string {
  switch (address.kind) {
    case "tcp":
      return `tcp://${hostAndPort(address.host ?? "::", address.port)}`;
    case "unix":
      return `unix:${address.path}`;
    case "fd":
      return `fd:${address.fd}`;
  }
}

/** As in messages: shorter, and as people write it. */
export function describeAddress(address: ListenAddress): string {
  return address.kind === "tcp" ? hostAndPort(address.host ?? "*", address.port) : formatAddress(address);
}

function defaultAddress(env: Readonly<Record<string, string | undefined>>): ListenAddress {
  const text = env["PORT"];
  if (text === undefined || text === "") return { kind: "tcp", host: null, port: PORT_DEFAULT };
  const port = readPort(text);
  if (port === null) throw badOption("$PORT", text, "a port from 0 to 65535");
  return { kind: "tcp", host: null, port };
}

function read(text: string, cwd: string, inherited: readonly InheritedSocket[]): ListenAddress | null {
  if (text.startsWith("unix:")) return readUnix(text.slice("unix:".length), cwd);
  if (text.startsWith("fd:")) return readDescriptor(text.slice("fd:".length), inherited);
  if (text.startsWith("tcp://")) return readHostAndPort(text.slice("tcp://".length));
  const port = readPort(text);
  return port === null ? readHostAndPort(text) : { kind: "tcp", host: null, port };
}

function readUnix(text: string, cwd: string): ListenAddress | null {
  // Many tools write unix:///run/app.sock.
  const path = text.startsWith("//") ? text.slice(2) : text;
  if (path === "" || path.endsWith("/") || path.includes("\0")) return null;
  return { kind: "unix", path: resolve(cwd, path) };
}

function readDescriptor(text: string, inherited: readonly InheritedSocket[]): ListenAddress | null {
  const named = inherited.find(({ name }) => name === text);
  if (named !== undefined) return { kind: "fd", fd: named.fd };
  const names = inherited.flatMap(({ name }) => name ?? []);
  if (names.length > 0 && !/^\d+$/.test(text)) {
    throw badOption("listen", `fd:${text}`, `fd:<n> or one of systemd's sockets: ${names.join(", ")}`);
  }
  // 0, 1 and 2 are the standard streams; a socket there would be closed by whoever redirects them.
  if (!/^\d{1,6}$/.test(text) || Number(text) < 3) return null;
  return { kind: "fd", fd: Number(text) };
}

function readHostAndPort(text: string): ListenAddress | null {
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[A-Za-z0-9._-]+)):(?<port>\d+)$/.exec(text);
  const port = readPort(match?.groups?.["port"]);
  const v6 = match?.groups?.["v6"];
  const host = v6 ?? match?.groups?.["host"];
  if (port === null || host === undefined) return null;
  if (v6 !== undefined && !isIPv6(v6)) return null;
  return { kind: "tcp", host, port };
}

function readPort(text: string | undefined): number | null {
  if (text === undefined || !/^\d{1,5}$/.test(text)) return null;
  const port = Number(text);
  return port <= 65_535 ? port : null;
}

function refuseDuplicates(addresses: readonly ListenAddress[]): void {
  const seen = new Set<string>();
  for (const address of addresses) {
    const text = formatAddress(address);
    const isAnyPort = address.kind === "tcp" && address.port === 0;
    if (seen.has(text) && !isAnyPort) throw badOption("listen", text, "each address only once");
    seen.add(text);
  }
}

function hostAndPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
