// Puts connections that the supervisor has accepted into a server, through the same door as Node's own: the server gets a
// handle that never accepts by itself, and each connection is given to that handle's `onconnection`, as node:cluster
// does. So `listening`, `address()`, maxConnections, noDelay and the rest behave as after a real listen.
// Rule: a connection is counted as taken, and the supervisor told, before a byte of it is read. Should this process die
// before that, another worker gets it untouched.

import type { Server } from "node:net";
import net from "node:net";
import type { BareHandle } from "../listen/server-handle.ts";
import { type HandoffChannel, handleOfReceived, type Received } from "./handoff-channel.ts";
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

/** So old may the supervisor's idea of a worker's load be. */
const CLOSED_WITHIN_MS = 5;

const { setTimeout, clearTimeout } = globalThis;

export class ConnectionIntake {
  readonly #server: Server;
  readonly #channel: () => HandoffChannel | null;
  readonly #handle: FakeHandle;
  #taken = 0;
  #closed = 0;
  #reporting: NodeJS.Timeout | undefined;

  constructor(server: Server, address: string, channel: () => HandoffChannel | null) {
    this.#server = server;
    this.#channel = channel;
    this.#handle = fakeHandle(address);
    server.on("connection", (socket: net.Socket) => {
      socket.once("close", () => {
        this.#closed += 1;
        this.#report();
      });
    });
  }

  /** Resolves when the server believes that it listens.  @param path what `address()` says for a unix socket */
  open(backlog: number | undefined, path: string): Promise<void> {
    answerAddress(this.#server, path);
    const listening = new Promise<void>((resolve) => this.#server.once("listening", () => resolve()));
    Reflect.set(this.#server, "_handle", this.#handle);
    const listen: unknown = Reflect.get(this.#server, "_listen2");
    if (typeof listen !== "function") throw new TypeError("net.Server has no _listen2 in this Node");
    Reflect.apply(listen, this.#server, [null, null, null, backlog, undefined, 0]);
    return listening;
  }

  close(): void {
    net.Server.prototype.close.call(this.#server);
    allowLateClose(this.#server);
  }

  take(received: readonly Received[]): void {
    this.#taken += received.length;
    this.#tell();
    for (const each of received) {
      const handle = handleOfReceived(each);
      if (handle === null) this.#closed += 1;
      else this.#handle.onconnection?.(0, handle);
    }
  }

  /** Ends are told with the next connections, or soon: a message of their own for each costs as much as the rest. */
  #report(): void {
    this.#reporting ??= setTimeout(() => this.#tell(), CLOSED_WITHIN_MS);
  }

  #tell(): void {
    clearTimeout(this.#reporting);
    this.#reporting = undefined;
    this.#channel()?.send({ type: "Counts", taken: this.#taken, closed: this.#closed });
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
