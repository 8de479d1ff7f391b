// What a loaded application holds that does not survive a fork, in words: what it is, where it was opened, where it belongs.
// A socket would be shared by all workers, which then read each other's answers; a thread is not there in the copy; a timer
// of the application runs in the template too, where nobody serves. Timers that are `unref`ed are housekeeping, inherited
// by every worker, and allowed. So are files: descriptors of regular files are shared as by any child process.

import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Origin } from "./origins.ts";

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
  return type === "Timeout" || type in HANDLES || type in REQUESTS;
}

export function isRequest({ type }: Origin): boolean {
  return type in REQUESTS;
}

/** One line for each thing that must not be there. */
export function findingsOf(origins: readonly Origin[], before: SystemView, now: SystemView): string[] {
  const found = origins.filter((origin) => origin.at !== null || origin.type !== "Timeout").flatMap(describe);
  const threads = now.threads.slice(before.threads.length);
  const hasWorker = origins.some(({ type }) => type === "WORKER");
  if (threads.length > 0 && !hasWorker) {
    found.push(
      `${threads.length} native threads (${threads.join(", ")}), started by a native addon; ${LATER}`,
    );
  }
  return found;
}

const LATER = "open it in onWorkerBoot, or close it in beforeFork";

function describe(origin: Origin): string[] {
  const { type } = origin;
  const where = origin.at === null ? "" : `, opened at ${origin.at}`;
  const request = REQUESTS[type];
  if (request !== undefined) return [`${request} that does not end${where}; await it in warmup`];
  const handle = HANDLES[type];
  if (handle !== undefined) return [`${handle}${peerOf(origin)}${where}; ${LATER}`];
  const timer = origin.resource.deref();
  if (timer === undefined || !isPending(timer)) return [];
  return [
    `a timer${where.replace("opened", "set")}; set it in onWorkerBoot, or unref() it if every worker may have it`,
  ];
}

/** A timer that would fire and keeps the process alive. */
function isPending(timer: object): boolean {
  const hasRef: unknown = Reflect.get(timer, "hasRef");
  const isRefed = typeof hasRef === "function" && Reflect.apply(hasRef, timer, []) === true;
  return isRefed && Reflect.get(timer, "_destroyed") !== true;
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

/** What the kernel knows of this process. */
export interface SystemView {
  /** Names of its threads. */
  readonly threads: readonly string[];
  readonly sockets: number;
}

export function viewSystem(): SystemView {
  const threads = readdirSync("/proc/self/task").map((id) =>
    read(() => readFileSync(`/proc/self/task/${id}/comm`, "utf8")),
  );
  const links = readdirSync("/proc/self/fd").map((fd) => read(() => readlinkSync(`/proc/self/fd/${fd}`)));
  return {
    threads: threads.map((name) => name.trim()),
    sockets: links.filter((link) => link.startsWith("socket:")).length,
  };
}

/** Threads and descriptors may go while they are being listed. */
function read(from: () => string): string {
  try {
    return from();
  } catch {
    return "";
  }
}
