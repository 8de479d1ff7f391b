// The native addon as it is: one declaration for each function of packages/core/native, and the way to load it. It is
// optional: on another system than Linux, or where it cannot be loaded, `nativeSupport` says why and `fresh` works.
// Failures are Errors with `code` (EBADF, EMFILE, ...), `errno` and `syscall`, as Node's own.

import { loadAddon } from "./load-addon.ts";

/** A descriptor in the event loop. Opaque; stop it before the descriptor is closed. */
export interface Watch {
  readonly watch: unique symbol;
}

/** What a watch asks for, and is told: a sum of these. */
export const READABLE = 1;
export const WRITABLE = 2;

export interface Binding {
  /** Forks this process. In the parent pid and pidfd, in the child null. Every descriptor and watch exists in both. The child
   *  has copied already what a sibling noted in `written`: 64 KiB of `pageMap`. */
  forkSibling(written: ArrayBuffer): readonly [pid: number, pidfd: number] | null;
  /** From here on new mappings lie side by side, which makes this process cheaper to fork: its virtual size becomes 64 TiB,
   *  and nothing else. Only on x64, and not where the address space is limited. */
  occupyAddresses(): void;
  /** In a forked process: notes which pages it has copied so far, unless another has for this stage: 0 or 1, the higher one
   *  counts. False then. */
  noteWritten(written: ArrayBuffer, stage: number): boolean;
  /** Leaves without running anything: no exit listeners, no threads joined. The only way out of a forked process. */
  exitNow(code: number): never;
  /** The next fatal error of this process leaves it by _exit(code) once Node has printed its message and run its `exit`
   *  listeners. False where Node does not offer that. */
  exitAfterMessage(code: number): boolean;
  /** In a forked process: V8 hands out no work to its threads, which are not there. False where Node does not let us say
   *  so. */
  withoutThreads(): boolean;
  /** Collects and compacts the whole heap, and gives free pages back, also those of freed allocations outside of it. False
   *  where V8 does not let us collect. */
  collectAll(): boolean;
  pidfdOpen(pid: number): number;
  /** False when the process has ended and was reaped. Signal 0 only asks. */
  pidfdSignal(pidfd: number, signal: number): boolean;
  /** Reaps the process if it is our child and has ended. Exit code -1 and signal 0 stand for none. */
  processEnd(
    pidfd: number,
  ): readonly [
    state: "running" | "ended" | "unknown",
    exitCode: number,
    signal: number,
    source: "wait" | "pidfd" | "proc" | "none",
  ];
  /** Keeps the loop alive. `status` is 0 or a negative errno. Should the environment (a thread) end before the watch is
   *  stopped, the descriptor is closed. */
  watchStart(fd: number, events: number, callback: (status: number, events: number) => void): Watch;
  watchChange(watch: Watch, events: number): void;
  watchRef(watch: Watch, keepsLoopAlive: boolean): void;
  watchStop(watch: Watch): void;
  socketPair(): [number, number];
  /** How many bytes went; -1 when the socket is full. Descriptors go with the first byte. At most 253. */
  linkSend(fd: number, bytes: Uint8Array, descriptors: readonly number[]): number;
  /** How many bytes came, 0 at the end, -1 for none yet. Appends the descriptors that came along, and -1 in the place of
   *  those that the kernel dropped because this process may open no more. */
  linkReceive(fd: number, bytes: Uint8Array, descriptors: number[]): number;
  duplicate(fd: number): number;
  /** Starts the one watchdog of this process: `graceMs` after the other end of `linkFd` is gone it ends the process, and on
   *  SIGURG it writes to stderr what the main thread is doing. False when there is one, or this Node has no way to. */
  watchdogStart(linkFd: number, graceMs: number, name: string): boolean;
  /** Until `null` is given, a process that this thread spawns is killed by the kernel when this thread ends, and inherits the
   *  descriptors (at most 8) at their own numbers. For `spawnTied`. */
  bequeath(descriptors: readonly number[] | null): void;
  /** The signal that this process gets when the thread that spawned it ends; 0 for none. Lost when it changes its user. */
  endWithParent(signal: number): void;
  /** A pipe that tells of its owner's death: the worker's end, and the one that the supervisor keeps open. */
  lifelineCreate(): [worker: number, supervisor: number];
  /** This process gets the signal when the supervisor's end is gone, also while it is stopped. False: it is gone already. */
  lifelineTie(fd: number, signal: number): boolean;
  /** `to` becomes a copy of `from` that stays open after exec; writes to either wait. */
  replace(from: number, to: number): void;
  /** As fs.closeSync, which warns of such descriptors in a thread. */
  close(fd: number): void;
  /** `host` is a numeric address; a backlog of 0 binds without listening. Connections come with TCP_NODELAY. */
  bindReuseport(
    host: string,
    port: number,
    backlog: number,
    v6Only: boolean,
  ): readonly [fd: number, port: number];
  /** A bound unix socket that does not listen. Its file has `mode` less the umask, from the first moment on; closing the
   *  descriptor leaves the file. */
  bindUnix(path: string, mode: number): number;
  /** Calls listen(2) and nothing else: connections wait in the kernel until somebody accepts. */
  listenOn(fd: number, backlog: number): void;
  /** The backlog of a listening socket; 0 when it does not listen, -1 when the kernel does not tell. */
  backlogOf(fd: number): number;
  /** flock(2), exclusive: false when another open file holds the lock. It goes with the descriptor. */
  lockFile(fd: number): boolean;
  /** Whether TCP_NODELAY is set; false for what is no TCP socket. */
  isNoDelay(fd: number): boolean;
  /** Connections that wait on a listening descriptor, at most `max` (256): non-blocking, close-on-exec. */
  acceptMany(fd: number, max: number): number[];
  /** Closes all, whatever becomes of one. */
  closeMany(fds: readonly number[]): void;
  /** The client's numeric address; "" for a unix socket or a client that has gone. */
  peerAddress(fd: number): string;
  /** How many of the first bytes wait; they are copied and stay in the socket. 0 at the end, -1 for none yet. */
  peek(fd: number, bytes: Uint8Array): number;
  /** Which sockets of the SO_REUSEPORT group of `fd` get new connections, by the order in which they began to listen;
   *  a closed one's index goes to the last. 1 to 2,000. */
  steer(fd: number, indexes: readonly number[]): void;
  /** The kernel's own spread again. Linux 5.3. */
  unsteer(fd: number): void;
  /** Connections of a listening TCP socket that nobody has accepted yet. */
  queueLength(fd: number): number;
  /** A listening TCP socket takes no new connections from now on; its queue can still be accepted, and handshakes under way
   *  end well. True: new ones are refused. False (before Linux 5.7): their first packets are dropped. */
  refuseNew(fd: number): boolean;
  /** Of a listening socket: whether a connection waits to be accepted. */
  isReadable(fd: number): boolean;
  /** The descriptor of new memory (4 KiB to 16 MiB), all zero, which whoever has it can share. */
  pageCreate(bytes: number): number;
  /** The memory itself, also for others to see. The descriptor may be closed afterwards. */
  pageMap(fd: number): ArrayBuffer;
  /** sd_notify(3) to the socket at `path`; "@" begins an abstract name. */
  notify(path: string, message: string): void;
}

export type NativeSupport =
  | { readonly ok: true; readonly binding: Binding }
  /** One sentence: what is missing and what to do. */
  | { readonly ok: false; readonly reason: string };

/** A function that was added last: an addon without it was built before these sources were written. */
const NEWEST: keyof Binding = "lifelineTie";

let known: NativeSupport | undefined;

/** Loads the addon at the first call; the answer never changes in a process. */
export function nativeSupport(): NativeSupport {
  known ??= load(process.platform);
  return known;
}

function load(platform: NodeJS.Platform): NativeSupport {
  if (platform !== "linux")
    return { ok: false, reason: `fork(2) and pidfds need Linux, this is ${platform}.` };
  // For trying what happens without it.
  const { BROOD_NATIVE: wanted } = process.env;
  if (wanted === "off") return { ok: false, reason: "BROOD_NATIVE=off switches it off." };
  try {
    const binding = loadAddon() as Binding;
    if (typeof binding[NEWEST] !== "function")
      throw new Error("it was built from older sources; build it again with `npx brood build-addon`.");
    binding.close(binding.pidfdOpen(process.pid));
    return { ok: true, binding };
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOSYS" || code === "EPERM") {
    return `pidfd_open is not available (${code}): it needs Linux 5.4 or newer and a sandbox that permits it.`;
  }
  return `the native addon cannot be used: ${message}`;
}
