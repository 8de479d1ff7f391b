// What a loaded application holds that does not survive a fork, in words: what it is, where it was opened, where it belongs.
// A socket would be shared by all workers, which then read each other's answers; a thread is not there in the copy; a lock on a
// file is nobody's or everybody's. Timers are none of it (parked-timers.ts). Nor are open files: their descriptors are shared
// as by any child process.

import type { Origin } from "./origins.ts";
import { type FileLock, isSocket, type SystemView } from "./system-view.ts";

/** Node's resources that are handles, and what people call them. */
const HANDLES: Readonly<Record<string, string>> = {
  TCPWRAP: "a TCP socket",
  TCPSERVERWRAP: "a listening TCP server",
  PIPEWRAP: "a unix socket or pipe",
  PIPESERVERWRAP: "a listening unix socket",
  UDPWRAP: "a UDP socket",
  PROCESSWRAP: "a child process",
  WORKER: "a worker thread",
  FSEVENTWRAP: "a file watcher (fs.watch)",
  STATWATCHER: "a file watcher (fs.watchFile)",
};

/** Work that another thread or the kernel does for this process: its end would never come in a copy. */
const REQUESTS: Readonly<Record<string, string>> = {
  FSREQCALLBACK: "a file operation",
  FSREQPROMISE: "a file operation",
  GETADDRINFOREQWRAP: "a name lookup",
  GETNAMEINFOREQWRAP: "a name lookup",
  QUERYWRAP: "a DNS query",
  TCPCONNECTWRAP: "a connection attempt",
  PIPECONNECTWRAP: "a connection attempt",
  PBKDF2REQUEST: "a crypto operation",
  SCRYPTREQUEST: "a crypto operation",
  RANDOMBYTESREQUEST: "a crypto operation",
  KEYPAIRGENREQUEST: "a crypto operation",
};

export function isTold(type: string): boolean {
  return type in HANDLES || type in REQUESTS;
}

export function isRequestType(type: string): boolean {
  return type in REQUESTS;
}

export function isRequest({ type }: Origin): boolean {
  return isRequestType(type);
}

/** False for a handle without a descriptor or a process: of what is held, and was not begun. */
export function isOpen({ type, resource }: Origin): boolean {
  const handle = resource.deref();
  if (type === "PROCESSWRAP") return handle !== undefined && typeof Reflect.get(handle, "pid") === "number";
  const fd: unknown = handle === undefined ? undefined : Reflect.get(handle, "fd");
  return typeof fd !== "number" || fd >= 0;
}

/** One line for each thing that must not be there. */
export function findingsOf(origins: readonly Origin[], before: SystemView, now: SystemView): string[] {
  const hasWorker = origins.some(({ type }) => type === "WORKER");
  const threads = hasWorker ? [] : now.threads.slice(before.threads.length);
  const isNew = ({ descriptor, path }: FileLock): boolean =>
    !before.locks.some((each) => each.descriptor === descriptor && each.path === path);
  const found = [
    ...describeOrigins(origins),
    ...describeThreads(threads),
    ...describeLocks(now.locks.filter(isNew)),
  ];
  const sockets = socketsOf(now) - socketsOf(before);
  return found.length > 0 ? found : describeSockets(sockets);
}

function socketsOf({ descriptors }: SystemView): number {
  return [...descriptors.values()].filter(isSocket).length;
}

const LATER = "open it in onWorkerBoot, or close it in beforeFork";

export function describeOrigins(origins: readonly Origin[]): string[] {
  return origins.map((origin) => {
    const where = origin.at === null ? "" : `, opened at ${origin.at}`;
    const request = REQUESTS[origin.type];
    if (request !== undefined) return `${request} that does not end${where}; await it in warmup`;
    return `${HANDLES[origin.type] ?? origin.type}${peerOf(origin)}${where}; ${LATER}`;
  });
}

export function describeThreads(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  return [`${names.length} native threads (${names.join(", ")}), started by a native addon; ${LATER}`];
}

/** Sockets that a native addon opened, past Node. Only when nothing else explains them. */
export function describeSockets(count: number): string[] {
  if (count <= 0) return [];
  return [
    `${count} sockets opened by a native addon; open them in onWorkerBoot, or close them in beforeFork`,
  ];
}

/** Of LevelDB, LMDB, SQLite: the name of the file says whose it is. */
export function describeLocks(locks: readonly FileLock[]): string[] {
  return locks.map(
    ({ path, kind }) =>
      `a lock (${kind}) on ${path}, which workers would have without holding it, or all of them at once; ${LATER}`,
  );
}

/** ` to 127.0.0.1:6379`, for a socket that knows. */
function peerOf({ resource }: Origin): string {
  const handle = resource.deref();
  const getpeername: unknown = handle === undefined ? undefined : Reflect.get(handle, "getpeername");
  if (handle === undefined || typeof getpeername !== "function") return "";
  const name: { address?: string; port?: number } = {};
  const failure: unknown = Reflect.apply(getpeername, handle, [name]);
  return failure === 0 && name.address !== undefined ? ` to ${name.address}:${name.port}` : "";
}
