// Puts a server on the supervisor's descriptors. All are attached to the one handle that the server has for its own
// (sharing/virtual-handle.ts), so that `listening`, `address()`, limits and callbacks behave as with one socket.
// Closing goes through net.Server's own close: http.Server's also closes connections that look idle, and a
// request may be on its way on them. The sockets themselves stay open, they are the supervisor's.

import net from "node:net";
import { getSystemErrorName } from "node:util";
import type { BareHandle } from "../listen/server-handle.ts";
import { acceptingHandleOf } from "../sharing/server-socket.ts";
import {
  type AcceptingHandle,
  beginListening,
  giveHandle,
  VirtualHandle,
  virtualHandleOf,
} from "../sharing/virtual-handle.ts";
import type { ListenCall } from "./listen-call.ts";
import type { Door } from "./moving/arrivals.ts";
import type { InheritedNoDelay } from "./no-delay.ts";

/** The application may put its own in the place of it. */
const { setImmediate } = globalThis;

/** Node's own. */
const BACKLOG_DEFAULT = 511;

/** A listening socket of the supervisor's. */
export interface SharedSocket {
  readonly descriptor: number;
  /** libuv's handle of it, where it came as one. */
  readonly handle?: BareHandle;
  /** Null leaves it to the application or Node. */
  readonly backlog: number | null;
  /** It outlives the service. */
  readonly isInherited: boolean;
}

export class SharedSockets {
  readonly #main: net.Server;
  readonly #handle: VirtualHandle;
  readonly #inherited: readonly AcceptingHandle[];
  /** Of the slots' sockets, which have all the same. */
  readonly #backlog: number | null;
  /** Of other slots, by slot. */
  readonly #adopted: Map<number, AcceptingHandle[]> = new Map();

  private constructor(
    main: net.Server,
    handle: VirtualHandle,
    inherited: readonly AcceptingHandle[],
    backlog: number | null,
  ) {
    this.#main = main;
    this.#handle = handle;
    this.#inherited = inherited;
    this.#backlog = backlog;
  }

  /** Resolves when `main` gets connections from every descriptor. Rejects with the operating system's error.
   *  @param pathOfMain what `main.address()` says if the first descriptor is a unix socket
   *  @param noDelay  if TCP_NODELAY comes with the connections */
  static async open(
    main: net.Server,
    sockets: readonly SharedSocket[],
    pathOfMain: string,
    options: ListenCall["options"],
    noDelay: InheritedNoDelay | null = null,
  ): Promise<SharedSockets> {
    const accepting = sockets.map(acceptingOf);
    const handle = virtualHandleOf(main) ?? new VirtualHandle(addressOf(accepting[0], pathOfMain));
    giveHandle(main, handle);
    const isAnnounced = handle.isListening;
    const listening = isAnnounced ? null : new Promise<void>((resolve) => main.once("listening", resolve));
    if (!isAnnounced) beginListening(main, options.backlog);
    for (const [index, each] of accepting.entries()) {
      const backlog = sockets[index]?.backlog ?? (index === 0 ? options.backlog : undefined);
      const failure = handle.attach(each, backlog ?? BACKLOG_DEFAULT);
      if (failure !== 0) throw failed(failure);
    }
    noDelay?.expect(main);
    await listening;
    const inherited = accepting.filter((_, index) => sockets[index]?.isInherited);
    return new SharedSockets(main, handle, inherited, sockets[0]?.backlog ?? null);
  }

  /** Resolves when nothing waits to be accepted any more; inherited sockets are closed at once, and serve somebody else. */
  async emptied(withinMs: number): Promise<void> {
    for (const each of this.#inherited) this.#handle.detach(each);
    const untilMs = performance.now() + withinMs;
    let isSilent = false;
    const heard = (): void => {
      isSilent = false;
    };
    this.#main.on("connection", heard);
    while (!isSilent && performance.now() < untilMs) {
      isSilent = true;
      await polled();
    }
    this.#main.off("connection", heard);
  }

  /** The way in for a connection that this process has not accepted; good also when nothing more is accepted. */
  door(): Door {
    return this.#handle.admit;
  }

  /** Accepts nothing more. Connections stay as they are. */
  close(): void {
    // The program may have closed it, or be listening on other sockets by now.
    if (virtualHandleOf(this.#main) === this.#handle) net.Server.prototype.close.call(this.#main);
    allowLateClose(this.#main);
    this.#adopted.clear();
  }

  /** Serves a socket of another slot too. */
  adopt(slot: number, handle: BareHandle): void {
    const accepting = acceptingHandleOf({ handle });
    if (accepting === null) return handle.close();
    const failure = this.#handle.attach(accepting, this.#backlog ?? BACKLOG_DEFAULT);
    if (failure !== 0) {
      handle.close();
      this.#main.emit("error", failed(failure));
    } else this.#adopted.set(slot, [...(this.#adopted.get(slot) ?? []), accepting]);
  }

  /** Lets go of it; when this returns its descriptors are closed here. */
  release(slot: number): void {
    for (const each of this.#adopted.get(slot) ?? []) this.#handle.detach(each);
    this.#adopted.delete(slot);
  }
}

function acceptingOf({ descriptor, handle }: SharedSocket): AcceptingHandle {
  const accepting = acceptingHandleOf(handle === undefined ? { descriptor } : { handle });
  if (accepting === null)
    throw Object.assign(new Error(`listen EINVAL: descriptor ${descriptor}`), { code: "EINVAL" });
  return accepting;
}

/** Node cannot tell the path of a descriptor. */
function addressOf(handle: AcceptingHandle | undefined, path: string): string {
  const name: { address?: string; port?: number } = {};
  const getsockname: unknown = handle === undefined ? undefined : Reflect.get(handle, "getsockname");
  if (handle === undefined || typeof getsockname !== "function") return `unix:${path}`;
  Reflect.apply(getsockname, handle, [name]);
  const host = name.address?.includes(":") === true ? `[${name.address}]` : name.address;
  return `tcp://${host}:${name.port}`;
}

function failed(errno: number): Error {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`listen ${code}`), { code, errno, syscall: "listen" });
}

/** Resolves when the event loop has looked at every descriptor once: the first turn may be over with that already. */
async function polled(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** An application that closes its server when it is told to end finds it closed already, and that is what it wanted: no
 *  error, on which it would leave with exit code 1. */
export function allowLateClose(server: net.Server): void {
  const { close } = server;
  Reflect.set(server, "close", (onClosed?: (error?: Error) => void): net.Server => {
    const closed = (error?: Error): void => {
      const wasClosed = error !== undefined && "code" in error && error.code === "ERR_SERVER_NOT_RUNNING";
      onClosed?.(wasClosed ? undefined : error);
    };
    return Reflect.apply(close, server, onClosed === undefined ? [] : [closed]);
  });
}
