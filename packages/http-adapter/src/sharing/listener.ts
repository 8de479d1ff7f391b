// One server of the program that listens, or has been told so.

import net from "node:net";
import type { ListenCall } from "../worker/listen-call.ts";
import { type Answer, closeGiven, type GivenSocket, type ListenChannel } from "./listen-channel.ts";
import { acceptingHandleOf, freePort } from "./server-socket.ts";
import { beginListening, giveHandle, type VirtualHandle } from "./virtual-handle.ts";
import { keyOf, type Learned, ownAddressOf, type Wanted } from "./wanted.ts";

/** Node's own. */
const BACKLOG_DEFAULT = 511;

export class Listener {
  readonly server: net.Server;
  /** Null: the entry has exported it. */
  call: ListenCall | null;
  wanted: Wanted;
  readonly handle: VirtualHandle;
  isMain = false;
  /** Nothing that the program does later makes another server the public one. */
  isCertain = false;
  /** On another of Brood's own addresses than `main`. */
  isSecondPublic = false;
  isAsked = false;
  #id: number | null = null;
  #sockets: GivenSocket[] = [];

  constructor(server: net.Server, call: ListenCall | null, wanted: Wanted, handle: VirtualHandle) {
    this.server = server;
    this.call = call;
    this.wanted = wanted;
    this.handle = handle;
    giveHandle(server, handle);
  }

  /** Nobody would be answered: it only looks whether its address is free. */
  get isProbe(): boolean {
    return this.call !== null && this.isCertain && this.server.listenerCount("connection") === 0;
  }

  /** `listening` comes with the next tick, once. */
  announce(): void {
    if (this.handle.isListening) return;
    beginListening(this.server, this.call?.options.backlog);
  }

  /** In a template, where nothing is asked for yet: the program is told that it listens, and each worker will. */
  pretend({ ports }: Learned): void {
    const { wanted } = this;
    if (wanted.kind === "tcp" && wanted.port === 0) {
      const port = ports[keyOf(wanted)] ?? freePort(wanted.host);
      if (port === null) return;
      this.wanted = { ...wanted, port };
      this.rename(ownAddressOf(this.wanted));
    }
    this.announce();
  }

  /** The program listens with an exported server that listens already. */
  announceAgain(): void {
    process.nextTick(() => this.server.emit("listening"));
  }

  given({ id, address, sockets }: Extract<Answer, { readonly ok: true }>): void {
    this.#id = id;
    this.#sockets = [...sockets];
    this.rename(address);
  }

  /** @param address  what the server says that it listens on, as `brood` prints it */
  rename(address: string): void {
    this.handle.rename(address);
    giveHandle(this.server, this.handle);
  }

  /** What came for it, to be served by somebody else from now on. */
  takeSockets(): readonly GivenSocket[] {
    return this.#sockets.splice(0);
  }

  /** Accepts what comes. */
  serve(): void {
    const backlog = this.call?.options.backlog ?? BACKLOG_DEFAULT;
    for (const given of this.takeSockets()) {
      const handle = acceptingHandleOf(given);
      if (handle !== null) this.handle.attach(handle, backlog);
    }
  }

  /** Accepts nothing more; its connections stay. */
  stop(): void {
    for (const each of this.takeSockets()) closeGiven(each);
    if (this.server.listening) net.Server.prototype.close.call(this.server);
  }

  /** Its sockets are not used any more. */
  drop(channel: ListenChannel | null): void {
    for (const each of this.takeSockets()) closeGiven(each);
    if (this.#id !== null) channel?.tell({ brood: "unlisten", id: this.#id });
    this.#id = null;
  }

  /** As Node does it when it cannot listen. */
  failed(code: string, reason: string): void {
    Reflect.set(this.server, "_handle", null);
    const { wanted } = this;
    const address =
      wanted.kind === "unix" ? { address: wanted.path } : { address: wanted.host ?? "::", port: wanted.port };
    const error = Object.assign(new Error(`listen ${code}: ${reason}`), {
      code,
      syscall: "listen",
      ...address,
    });
    this.server.emit("error", error);
  }
}
