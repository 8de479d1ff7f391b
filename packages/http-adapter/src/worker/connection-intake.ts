// Puts connections that the supervisor has accepted into a server, through the same door as Node's own: the server gets a
// handle that never accepts by itself, and each connection is given to that handle's `onconnection`, as node:cluster
// does. So `listening`, `address()`, maxConnections, noDelay and the rest behave as after a real listen.
// Rule: a connection is counted as taken before a byte of it is read. Should this process die before that, another worker
// gets it untouched. It is counted in memory that the supervisor sees, or told where there is none.

import type { Server } from "node:net";
import net from "node:net";
import type { CounterWriter } from "../handoff/counters.ts";
import { type AdoptConnection, type BareHandle, connectionAdopter } from "../listen/server-handle.ts";
import { type HandoffChannel, handleOfConnection, type Received } from "./handoff-channel.ts";
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

/** So old may the supervisor's idea of a worker's load be. */
const CLOSED_WITHIN_MS = 5;

const { setTimeout, clearTimeout } = globalThis;

export class ConnectionIntake {
  readonly #server: Server;
  readonly #channel: () => HandoffChannel | null;
  readonly #handle: FakeHandle;
  readonly #adopt: AdoptConnection;
  readonly #noDelay: InheritedNoDelay | null;
  #counters: CounterWriter | null = null;
  #taken = 0;
  #closed = 0;
  #reporting: NodeJS.Timeout | undefined;

  /** @param addresses  of the server, as `brood` prints them  @param noDelay  if TCP_NODELAY comes with the connections */
  constructor(
    server: Server,
    addresses: readonly string[],
    channel: () => HandoffChannel | null,
    noDelay: InheritedNoDelay | null = null,
  ) {
    this.#server = server;
    this.#channel = channel;
    this.#handle = fakeHandle(addresses[0] ?? "");
    this.#adopt = connectionAdopter(addresses);
    this.#noDelay = noDelay;
    // Beyond maxConnections: Node closes it without a `connection`.
    server.on("drop", () => this.closed());
  }

  /** Where to count from now on. */
  countIn(counters: CounterWriter): void {
    this.#counters = counters;
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

  take(received: readonly Received[]): void {
    this.#taken += received.length;
    if (this.#counters === null) this.#tell();
    for (const each of received) {
      const handle = handleOfConnection(each, this.#adopt);
      this.#counters?.taken();
      if (handle === null) this.closed();
      else this.#handle.onconnection?.(0, handle);
    }
  }

  /** One of them has ended. */
  closed(): void {
    this.#closed += 1;
    if (this.#counters !== null) this.#counters.closed();
    // Told with the next connections, or soon: a message of its own for each costs as much as the rest.
    else this.#reporting ??= setTimeout(() => this.#tell(), CLOSED_WITHIN_MS);
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
