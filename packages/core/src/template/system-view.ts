// What the kernel knows of this process: its threads, its open descriptors, and the locks that it holds on files. It sees what
// native addons do past Node.

import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface SystemView {
  /** Names of its threads. */
  readonly threads: readonly string[];
  /** What each descriptor is: a path, or `socket:[1234]`. */
  readonly descriptors: ReadonlyMap<number, string>;
  readonly locks: readonly FileLock[];
}

export interface FileLock {
  readonly descriptor: number;
  readonly path: string;
  /** `POSIX`, `FLOCK`, `OFDLCK`, `LEASE`. */
  readonly kind: string;
}

export function viewSystem(): SystemView {
  const descriptors = viewDescriptors(openDescriptors());
  return { threads: viewThreads(), descriptors, locks: locksOf(descriptors) };
}

export function viewThreads(): readonly string[] {
  return readdirSync("/proc/self/task").map(
    (id) => read(() => readFileSync(`/proc/self/task/${id}/comm`, "utf8"))?.trim() ?? "",
  );
}

export function countThreads(): number {
  return readdirSync("/proc/self/task").length;
}

/** Whether a thread beside this one computes or waits for a disk: libuv's, an addon's. */
export function hasBusyThread(): boolean {
  const main = String(process.pid);
  return readdirSync("/proc/self/task").some((id) => {
    const stat = id === main ? null : read(() => readFileSync(`/proc/self/task/${id}/stat`, "utf8"));
    return stat !== null && /\) [RD] /.test(stat);
  });
}

/** The one that reads them may be among them, and is gone by then. */
export function openDescriptors(): readonly number[] {
  return readdirSync("/proc/self/fd").map(Number);
}

export function viewDescriptors(descriptors: readonly number[]): ReadonlyMap<number, string> {
  const links = descriptors.map((fd) => [fd, read(() => readlinkSync(`/proc/self/fd/${fd}`))] as const);
  return new Map(links.flatMap(([fd, link]) => (link === null ? [] : [[fd, link] as const])));
}

export function isSocket(link: string): boolean {
  return link.startsWith("socket:");
}

export function isFile(link: string): boolean {
  return link.startsWith("/") && !link.startsWith("/dev/");
}

/** Those that were taken through these descriptors: `lock:  1: POSIX  ADVISORY  WRITE 1234 08:01:5678 0 EOF`. */
export function locksOf(descriptors: ReadonlyMap<number, string>): readonly FileLock[] {
  return [...descriptors].flatMap(([descriptor, path]) => {
    const info = isFile(path) ? read(() => readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8")) : null;
    const kind = /^lock:\s+\d+:\s+(\w+)/m.exec(info ?? "")?.[1];
    return kind === undefined ? [] : [{ descriptor, path, kind }];
  });
}

/** Null for what has gone while it was being listed. */
function read(from: () => string): string | null {
  try {
    return from();
  } catch {
    return null;
  }
}
