// What a program asks for when it listens, and whose it is. PURE: no sockets, no time.
//   public   the call on one of Brood's addresses, or on $PORT: it is served by the chosen handoff, and makes a worker ready
//   shared   any other: the supervisor has one socket for it, on which all workers listen
//   unknown  neither is certain yet: a script with a port of its own under another `--listen`, or one that looks for a free port
// A port tells more than a host: `listen(3000)` under `--listen 127.0.0.1:3000` is the public call, with another host.

import { isIPv6 } from "node:net";

export type Wanted =
  /** `host` null: every interface. `order`: which of the worker's calls for any port it is, from 0; 0 for all others. */
  | {
      readonly kind: "tcp";
      readonly host: string | null;
      readonly port: number;
      readonly ipv6Only: boolean;
      readonly order: number;
    }
  /** `path` is absolute. */
  | { readonly kind: "unix"; readonly path: string }
  | {
      readonly kind: "udp";
      readonly family: 4 | 6;
      readonly host: string | null;
      readonly port: number;
      readonly ipv6Only: boolean;
      readonly reuseAddr: boolean;
      readonly order: number;
    };

export type Role = "public" | "shared" | "unknown";

/** What is known of a program before it calls. */
export interface Known {
  /** Brood's, as `brood` prints them: `tcp://127.0.0.1:3000`, `unix:/run/app.sock`. */
  readonly addresses: readonly string[];
  /** They were chosen by `--listen`, a configuration or systemd; false: by the program itself. */
  readonly isGiven: boolean;
  /** The worker's $PORT. */
  readonly port: number | null;
  /** What earlier workers have found out. */
  readonly learned: Learned;
}

export interface Learned {
  /** Key of the call that is served on Brood's addresses although its own is another. */
  readonly main: string | null;
  /** Keys of all others. */
  readonly shared: readonly string[];
  /** The entry exports an application and listens itself, or does not; null: not known. */
  readonly listens: boolean | null;
  /** Ports that the system gave for calls for any port, by key. */
  readonly ports: Readonly<Record<string, number>>;
}

export const NOTHING_LEARNED: Learned = { main: null, shared: [], listens: null, ports: {} };

/** One key, one socket. */
export function keyOf(wanted: Wanted): string {
  if (wanted.kind === "unix") return `unix:${wanted.path}`;
  const kind = wanted.kind === "udp" ? `udp${wanted.family}` : "tcp";
  const only = wanted.ipv6Only ? "!6" : "";
  const order = wanted.port === 0 ? `#${wanted.order}` : "";
  return `${kind}:${wanted.host ?? "*"}:${wanted.port}${only}${order}`;
}

export function roleOf(wanted: Wanted, known: Known): Role {
  if (wanted.kind === "udp") return "shared";
  const key = keyOf(wanted);
  if (known.learned.shared.includes(key)) return "shared";
  if (known.learned.main === key || known.addresses.some((each) => isMeant(each, wanted))) return "public";
  return wanted.kind === "tcp" && wanted.port !== 0 && wanted.port === known.port ? "public" : "unknown";
}

/** Whether a call means this address of Brood's: the same path, or the same port with hosts of which neither excludes the other. */
export function isMeant(address: string, wanted: Wanted): boolean {
  if (wanted.kind === "unix") return address === `unix:${wanted.path}`;
  const other = readTcp(address);
  if (wanted.kind === "udp" || other === null || wanted.port === 0 || wanted.port !== other.port)
    return false;
  return isWildcard(other.host) || isWildcard(wanted.host) || sameHost(other.host, wanted.host);
}

/** What is told to people when a program listens elsewhere than it is served; null: there is no difference. */
export function differenceOf(addresses: readonly string[], wanted: Wanted): string | null {
  const isSame = addresses.some((address) => {
    if (wanted.kind === "unix") return address === `unix:${wanted.path}`;
    const other = readTcp(address);
    if (other === null || (wanted.port !== 0 && wanted.port !== other.port)) return false;
    return sameHost(other.host, wanted.host) || (isWildcard(other.host) && isWildcard(wanted.host));
  });
  return isSame || addresses.length === 0 ? null : describeWanted(wanted);
}

/** As people write it: `127.0.0.1:3000`, `*:3000`, `unix:/run/app.sock`, `udp 127.0.0.1:53`. */
export function describeWanted(wanted: Wanted): string {
  if (wanted.kind === "unix") return `unix:${wanted.path}`;
  const host = wanted.host === null ? "*" : isIPv6(wanted.host) ? `[${wanted.host}]` : wanted.host;
  return `${wanted.kind === "udp" ? "udp " : ""}${host}:${wanted.port}`;
}

/** Of an address as `brood` prints it; null when it is no TCP address. */
export function readTcp(address: string): { readonly host: string; readonly port: number } | null {
  const { host, port } = /^tcp:\/\/\[?(?<host>[^\]]+?)\]?:(?<port>\d+)$/.exec(address)?.groups ?? {};
  return host === undefined || port === undefined ? null : { host, port: Number(port) };
}

/** As `brood` would print it, if it were bound as it is wanted. */
export function ownAddressOf(wanted: Wanted): string {
  if (wanted.kind === "unix") return `unix:${wanted.path}`;
  const host = wanted.host ?? "::";
  return `tcp://${host.includes(":") ? `[${host}]` : host}:${wanted.port}`;
}

export function isWildcard(host: string | null): boolean {
  return host === null || host === "" || host === "::" || host === "0.0.0.0";
}

function sameHost(one: string, other: string | null): boolean {
  return (
    one === other || (isLoopback(one) && other === "localhost") || (one === "localhost" && isLoopback(other))
  );
}

function isLoopback(host: string | null): boolean {
  return host === "localhost" || host === "::1" || host === "127.0.0.1";
}

/** Whether a socket for `open`, which is bound at `address`, serves what is wanted as well: it is on every interface. */
export function covers(open: Wanted, address: string, wanted: Wanted): boolean {
  if (open.kind !== wanted.kind || open.kind === "unix" || wanted.kind === "unix" || wanted.port === 0)
    return false;
  const port = open.port === 0 ? readTcp(address)?.port : open.port;
  if (port !== wanted.port || open.ipv6Only !== wanted.ipv6Only) return false;
  return isWildcard(open.host) || open.host === wanted.host;
}

/** A sentence for the log.  @param given  the addresses of `--listen`; null: there is none, and $PORT is another */
export function elsewhere(wants: string, given: readonly string[] | null, port: number | null): string {
  const where =
    given === null
      ? `not on $PORT (${port}): it is served there`
      : `is served on ${given.join(", ")}, as --listen or "listen" says`;
  return `the program listens on ${wants} and ${where}`;
}
