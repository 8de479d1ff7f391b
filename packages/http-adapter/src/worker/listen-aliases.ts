// Servers that listen with the public one's application on the same address once more: Fastify binds each address of
// `localhost`, and a script that exports its application may listen with it as well. They get their `listening` with the public
// server's address, and bind nothing.

import type net from "node:net";
import { Listener } from "../sharing/listener.ts";
import { VirtualHandle } from "../sharing/virtual-handle.ts";
import { isMeant, type Wanted } from "../sharing/wanted.ts";
import type { ListenCall } from "./listen-call.ts";

export class ListenAliases {
  readonly #all: Set<Listener> = new Set();
  /** An exported application's. */
  listener: unknown = null;

  /** @param main  the public server's, null when there is none yet */
  isOne(main: Listener | null, server: net.Server, wanted: Wanted): boolean {
    if (main === null || !this.#sharesListener(main.server, server)) return false;
    if (main.call === null) return true;
    if (wanted.kind === "unix" || main.wanted.kind === "unix") return false;
    const { port } = main.wanted;
    return (
      wanted.port !== 0 && (wanted.port === port || isMeant(main.handle.address, { ...wanted, host: null }))
    );
  }

  add(server: net.Server, call: ListenCall, wanted: Wanted, main: Listener | null, isOpen: boolean): void {
    const handle = new VirtualHandle(main?.handle.address ?? "", () => this.#all.delete(alias));
    const alias = new Listener(server, call, wanted, handle);
    this.#all.add(alias);
    if (isOpen) open(alias, main);
  }

  /** The public server listens: they learn that they listen too. */
  openAll(main: Listener | null): void {
    for (const alias of this.#all) open(alias, main);
  }

  #sharesListener(main: net.Server, server: net.Server): boolean {
    const listeners: readonly unknown[] = main.listeners("request");
    return server.listeners("request").some((each) => each === this.listener || listeners.includes(each));
  }
}

function open(alias: Listener, main: Listener | null): void {
  if (main !== null) alias.rename(main.handle.address);
  alias.announce();
}
