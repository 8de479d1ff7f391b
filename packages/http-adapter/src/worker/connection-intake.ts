// Makes a server believe that it listens where the supervisor accepts: the server gets a handle that never accepts by itself,
// as node:cluster does it, and each connection comes in by that handle's `onconnection` (moving/arrivals.ts). So `listening`,
// `address()`, maxConnections, noDelay and the rest behave as after a real listen.

import type { Server } from "node:net";
import net from "node:net";
import type { BareHandle } from "../listen/server-handle.ts";
import type { Door } from "./moving/arrivals.ts";
import type { InheritedNoDelay } from "./no-delay.ts";
import { allowLateClose, answerAddress } from "./shared-sockets.ts";

/** What net.Server asks of its handle. */
interface FakeHandle {
  readonly fd: number;
  onconnection?: (status: number, connection: BareHandle) => void;
  listen(): number;
  close(callback?: () => void): void;
  ref(): void;
  unref(): void;
  getsockname(out: Record<string, unknown>): number;
}

export class ConnectionIntake {
  readonly #server: Server;
  readonly #handle: FakeHandle;
  readonly #noDelay: InheritedNoDelay | null;
  readonly door: Door = (connection) => this.#handle.onconnection?.(0, connection);

  /** @param addresses  of the server, as `brood` prints them  @param noDelay  if TCP_NODELAY comes with the connections */
  constructor(server: Server, addresses: readonly string[], noDelay: InheritedNoDelay | null = null) {
    this.#server = server;
    this.#handle = fakeHandle(addresses[0] ?? "");
    this.#noDelay = noDelay;
  }

  /** Resolves when the server believes that it listens.  @param path what `address()` says for a unix socket */
  open(backlog: number | undefined, path: string): Promise<void> {
    answerAddress(this.#server, path);
    const listening = new Promise<void>((resolve) => this.#server.once("listening", () => resolve()));
    Reflect.set(this.#server, "_handle", this.#handle);
    const listen: unknown = Reflect.get(this.#server, "_listen2");
    if (typeof listen !== "function") throw new TypeError("net.Server has no _listen2 in this Node");
    Reflect.apply(listen, this.#server, [null, null, null, backlog, undefined, 0]);
    this.#noDelay?.expect(this.#server);
    return listening;
  }

  close(): void {
    net.Server.prototype.close.call(this.#server);
    allowLateClose(this.#server);
  }
}

function fakeHandle(address: string): FakeHandle {
  const tcp = /^tcp:\/\/\[?(?<host>[^\]]+?)\]?:(?<port>\d+)$/.exec(address)?.groups;
  return {
    fd: -1,
    listen: () => 0,
    close: (callback) => void (callback && process.nextTick(callback)),
    ref() {},
    unref() {},
    getsockname(out) {
      if (tcp === undefined) return 0;
      const host = tcp["host"] ?? "";
      Object.assign(out, {
        address: host,
        port: Number(tcp["port"]),
        family: net.isIPv6(host) ? "IPv6" : "IPv4",
      });
      return 0;
    },
  };
}
