// What a worker and the supervisor tell each other about listening. Both ends decode what they get: a message that is none of
// these is the application's.

import type { Wanted } from "./wanted.ts";

export type ToSupervisor =
  /** It listens: the answer is `Listening` or `NotListening` with the same id. */
  | {
      readonly brood: "listen";
      readonly id: number;
      readonly wanted: Wanted;
      readonly isPublic: boolean;
      readonly backlog: number | null;
      /** Only the address is asked for: the sockets came with the worker, or connections come from the supervisor. */
      readonly addressOnly: boolean;
      /** Of several public addresses only this one: another server has the others. */
      readonly isSecond: boolean;
    }
  /** The program has closed what it asked for under this id. */
  | { readonly brood: "unlisten"; readonly id: number }
  /** What this worker has found out, for those that come after it. */
  | {
      readonly brood: "listens";
      readonly main: string | null;
      readonly shared: readonly string[];
      readonly listens: boolean | null;
    }
  /** The program listens elsewhere than it is served, or than its $PORT says: `wants`, for people. */
  | { readonly brood: "elsewhere"; readonly wants: string; readonly port: number | null }
  /** The public server takes no connections for now, or takes them again. */
  | { readonly brood: "accepting"; readonly isAccepting: boolean };

export type ToListener =
  /** One for each socket, `index` of `count`; `count` 0: there is none, connections come from the supervisor. The descriptor
   *  comes beside it, or is a thread's to copy. */
  | {
      readonly brood: "listening";
      readonly id: number;
      readonly address: string;
      readonly index: number;
      readonly count: number;
      readonly fd: number | null;
      readonly inode: number | null;
    }
  | { readonly brood: "not-listening"; readonly id: number; readonly code: string; readonly message: string };

export function readToSupervisor(payload: unknown): ToSupervisor | null {
  switch (nameOf(payload)) {
    case "listen": {
      const wanted = readWanted(field(payload, "wanted"));
      const id = field(payload, "id");
      const backlog = field(payload, "backlog");
      if (wanted === null || !isCount(id) || !(backlog === null || isCount(backlog))) return null;
      return {
        brood: "listen",
        id,
        wanted,
        backlog,
        isPublic: field(payload, "isPublic") === true,
        addressOnly: field(payload, "addressOnly") === true,
        isSecond: field(payload, "isSecond") === true,
      };
    }
    case "unlisten": {
      const id = field(payload, "id");
      return isCount(id) ? { brood: "unlisten", id } : null;
    }
    case "listens": {
      const [main, shared, listens] = ["main", "shared", "listens"].map((name) => field(payload, name));
      if (!(main === null || typeof main === "string") || !isTexts(shared)) return null;
      return { brood: "listens", main, shared, listens: typeof listens === "boolean" ? listens : null };
    }
    case "elsewhere": {
      const [wants, port] = [field(payload, "wants"), field(payload, "port")];
      if (typeof wants !== "string") return null;
      return { brood: "elsewhere", wants, port: isCount(port) ? port : null };
    }
    case "accepting": {
      const isAccepting = field(payload, "isAccepting");
      return typeof isAccepting === "boolean" ? { brood: "accepting", isAccepting } : null;
    }
    default:
      return null;
  }
}

export function readToListener(payload: unknown): ToListener | null {
  const id = field(payload, "id");
  if (!isCount(id)) return null;
  if (nameOf(payload) === "not-listening") {
    const [code, message] = [field(payload, "code"), field(payload, "message")];
    if (typeof code !== "string" || typeof message !== "string") return null;
    return { brood: "not-listening", id, code, message };
  }
  if (nameOf(payload) !== "listening") return null;
  const [address, index, count, fd, inode] = ["address", "index", "count", "fd", "inode"].map((name) =>
    field(payload, name),
  );
  if (typeof address !== "string" || !isCount(index) || !isCount(count)) return null;
  const numbers = { fd: isCount(fd) ? fd : null, inode: isCount(inode) ? inode : null };
  return { brood: "listening", id, address, index, count, ...numbers };
}

function readWanted(value: unknown): Wanted | null {
  const kind = field(value, "kind");
  if (kind === "unix") {
    const path = field(value, "path");
    return typeof path === "string" && path.startsWith("/") ? { kind, path } : null;
  }
  const [host, port, order] = [field(value, "host"), field(value, "port"), field(value, "order")];
  if (!(host === null || typeof host === "string") || !isCount(port) || port > 65_535 || !isCount(order))
    return null;
  const address = { host, port, order, ipv6Only: field(value, "ipv6Only") === true };
  if (kind === "tcp") return { kind, ...address };
  const family = field(value, "family");
  if (kind !== "udp" || (family !== 4 && family !== 6)) return null;
  return { kind, family, reuseAddr: field(value, "reuseAddr") === true, ...address };
}

function nameOf(payload: unknown): unknown {
  return field(payload, "brood");
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}
