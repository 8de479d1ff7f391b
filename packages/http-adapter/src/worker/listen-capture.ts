// An unchanged script calls `listen(3000)` itself. In a worker that first call is held: the script goes on, the
// address is the supervisor's business, and the server listens on the supervisor's sockets when the worker opens.
// So the script's `listening` event means what it says. Emitting it at once, without a socket, was rejected:
// scripts look at `server.address()` there.
// Later calls: for the same address they are aliases (Fastify binds each address of `localhost`, a script may
// retry), they get their `listening` and bind nothing. Any other (a metrics port) goes to Node unchanged, and so do
// calls with a descriptor or a handle.
// Invariant: at most one server of this process, `main`, is served on the supervisor's sockets.

import net from "node:net";
import { type ListenCall, readListenCall } from "./listen-call.ts";

/** Node's own; what Brood itself uses to listen on a descriptor. */
export const listenOfNode: typeof net.Server.prototype.listen = net.Server.prototype.listen;

export class ListenCapture {
  /** Settles with the server whose first `listen` was held. */
  readonly first: Promise<net.Server>;
  #resolveFirst: (server: net.Server) => void = () => {};
  #main: net.Server | null = null;
  #call: ListenCall | null = null;
  #listener: unknown = null;
  #isOpen = false;
  readonly #waiting: net.Server[] = [];

  constructor() {
    this.first = new Promise((resolve) => {
      this.#resolveFirst = resolve;
    });
  }

  /** For good: the process is a worker's. */
  install(): void {
    const capture = this;
    function listen(this: net.Server, ...args: unknown[]): net.Server {
      const call = readListenCall(args);
      if (call !== null && capture.#take(this, call)) return this;
      return Reflect.apply(listenOfNode, this, args);
    }
    Reflect.set(net.Server.prototype, "listen", listen);
  }

  /** The call that was held, if there was one. */
  get call(): ListenCall | null {
    return this.#call;
  }

  /** The entry exports what is to be served; a later `listen` of the same application is an alias. */
  adopt(server: net.Server, listener: unknown): void {
    this.#main = server;
    this.#listener = listener;
  }

  /** `main` listens on the supervisor's sockets: aliases learn that they listen too. */
  opened(): void {
    this.#isOpen = true;
    for (const alias of this.#waiting.splice(0)) announce(alias);
  }

  #take(server: net.Server, call: ListenCall): boolean {
    if (this.#main !== null && !this.#isAlias(server, call)) return false;
    if (call.onListening !== null) server.once("listening", call.onListening);
    if (this.#main === null) {
      this.#main = server;
      this.#call = call;
      this.#resolveFirst(server);
    } else {
      this.#follow(this.#main, server);
    }
    return true;
  }

  #isAlias(server: net.Server, call: ListenCall): boolean {
    if (server === this.#main || this.#isListenerOf(server)) return true;
    if (call.path !== null) return call.path === this.#call?.path;
    const address = this.#main?.address() ?? null;
    // Fastify repeats the port of `main.address()`; a unix socket has none.
    if (call.port === null) return typeof address === "string" && typeof this.#call?.port === "number";
    if (call.port === 0) return false;
    return call.port === this.#call?.port || (typeof address === "object" && call.port === address?.port);
  }

  #isListenerOf(server: net.Server): boolean {
    return this.#listener !== null && server.listeners("request").some((each) => each === this.#listener);
  }

  #follow(main: net.Server, alias: net.Server): void {
    if (alias !== main) Reflect.set(alias, "address", () => main.address());
    if (this.#isOpen) announce(alias);
    else if (alias !== main) this.#waiting.push(alias);
  }
}

function announce(server: net.Server): void {
  process.nextTick(() => server.emit("listening"));
}
