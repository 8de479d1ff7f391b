// A handle that a server has for its own, without a socket under it, as node:cluster gives one to its workers. So `listening`,
// `address()`, `close()`, `unref()` and a second `listen` mean what they always mean, also while nothing accepts: before the
// worker serves, and in a template, which must not hold a socket.
// Sockets are attached later, none or several; each hands what it accepts to the one `onconnection` of the server.

import net from "node:net";
import type { BareHandle } from "../listen/server-handle.ts";
import { readTcp } from "./wanted.ts";

/** libuv's handle of a listening socket. */
export interface AcceptingHandle extends BareHandle {
  onconnection?: (status: number, connection: BareHandle | undefined) => void;
  listen(backlog: number): number;
  ref?(): void;
  unref?(): void;
}

type OnConnection = (status: number, connection: BareHandle | undefined) => void;

export class VirtualHandle {
  readonly fd = -1;
  /** Node's, set when the server begins to listen. */
  onconnection: OnConnection | null = null;
  /** Only of TCP: a server on a path keeps that itself. */
  getsockname?: (out: Record<string, unknown>) => number;
  #address: string;
  #isReferenced = true;
  readonly #attached: Set<AcceptingHandle> = new Set();
  readonly #closed: () => void;

  /** @param address  as `brood` prints it  @param closed  called when the program closes the server */
  constructor(address: string, closed: () => void = () => {}) {
    this.#address = address;
    this.#closed = closed;
    this.#name();
  }

  /** The server has been told that it listens. */
  get isListening(): boolean {
    return this.onconnection !== null;
  }

  get address(): string {
    return this.#address;
  }

  rename(address: string): void {
    this.#address = address;
    this.#name();
  }

  listen(): number {
    return 0;
  }

  close(callback?: () => void): void {
    for (const each of [...this.#attached]) this.detach(each);
    if (callback !== undefined) process.nextTick(callback);
    this.#closed();
  }

  ref(): void {
    this.#isReferenced = true;
    for (const each of this.#attached) each.ref?.();
  }

  unref(): void {
    this.#isReferenced = false;
    for (const each of this.#attached) each.unref?.();
  }

  /** Lets a connection in, as if it had been accepted here. */
  readonly admit = (connection: BareHandle): void => {
    this.onconnection?.(0, connection);
  };

  /** What the handle accepts is the server's from now on. @returns 0, or a negative errno */
  attach(handle: AcceptingHandle, backlog: number): number {
    handle.onconnection = (status, connection) => this.onconnection?.(status, connection);
    const failure = handle.listen(backlog);
    if (failure !== 0) return failure;
    this.#attached.add(handle);
    if (!this.#isReferenced) handle.unref?.();
    return 0;
  }

  /** Closes it; connections stay as they are. */
  detach(handle: AcceptingHandle): void {
    if (this.#attached.delete(handle)) handle.close();
  }

  #name(): void {
    const tcp = readTcp(this.#address);
    if (tcp === null) delete this.getsockname;
    else {
      const family = net.isIPv6(tcp.host) ? "IPv6" : "IPv4";
      this.getsockname = (out) => {
        Object.assign(out, { address: tcp.host, port: tcp.port, family });
        return 0;
      };
    }
  }
}

/** The server has it from now on; nothing is emitted. */
export function giveHandle(server: net.Server, handle: VirtualHandle): void {
  Reflect.set(server, "_handle", handle);
  const path = /^unix:(.+)/.exec(handle.address)?.[1];
  if (path !== undefined) Reflect.set(server, "_pipeName", path);
}

/** The server listens, on the handle that it has: `listening` comes with the next tick. */
export function beginListening(server: net.Server, backlog?: number): void {
  const listen: unknown = Reflect.get(server, "_listen2");
  if (typeof listen !== "function") throw new TypeError("net.Server has no _listen2 in this Node");
  Reflect.apply(listen, server, [null, null, null, backlog, undefined, 0]);
}

export function virtualHandleOf(server: net.Server): VirtualHandle | null {
  const handle: unknown = Reflect.get(server, "_handle");
  return handle instanceof VirtualHandle ? handle : null;
}
