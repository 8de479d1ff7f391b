// Makes a server believe that it listens where the supervisor accepts: the server has a handle that never accepts by itself,
// as node:cluster does it, and each connection comes in by that handle's `onconnection` (moving/arrivals.ts). So `listening`,
// `address()`, maxConnections, noDelay and the rest behave as after a real listen.

import type { Server } from "node:net";
import net from "node:net";
import { beginListening, giveHandle, VirtualHandle, virtualHandleOf } from "../sharing/virtual-handle.ts";
import type { Door } from "./moving/arrivals.ts";
import type { InheritedNoDelay } from "./no-delay.ts";
import { allowLateClose } from "./shared-sockets.ts";

export class ConnectionIntake {
  readonly #server: Server;
  readonly #handle: VirtualHandle;
  readonly #noDelay: InheritedNoDelay | null;
  readonly door: Door;

  /** @param addresses  of the server, as `brood` prints them  @param noDelay  if TCP_NODELAY comes with the connections */
  constructor(server: Server, addresses: readonly string[], noDelay: InheritedNoDelay | null = null) {
    this.#server = server;
    this.#handle = virtualHandleOf(server) ?? new VirtualHandle(addresses[0] ?? "");
    this.#noDelay = noDelay;
    this.door = this.#handle.admit;
  }

  /** Resolves when the server believes that it listens.  @param path what `address()` says for a unix socket */
  async open(backlog: number | undefined, path: string): Promise<void> {
    const isAnnounced = this.#handle.isListening;
    if (!this.#handle.address.startsWith("tcp://")) this.#handle.rename(`unix:${path}`);
    giveHandle(this.#server, this.#handle);
    const listening = isAnnounced
      ? null
      : new Promise<void>((resolve) => this.#server.once("listening", resolve));
    if (!isAnnounced) beginListening(this.#server, backlog);
    this.#noDelay?.expect(this.#server);
    await listening;
  }

  close(): void {
    if (virtualHandleOf(this.#server) === this.#handle) net.Server.prototype.close.call(this.#server);
    allowLateClose(this.#server);
  }
}
