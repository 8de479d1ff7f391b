// The supervisor's listening sockets hand TCP_NODELAY down to their connections (listen/no-delay.ts), and Node's http servers
// ask for it on each: one system call of nine where a connection serves one request. Here that one is left out.
// Rule: Node believes what it always does, so that a later `setNoDelay` of the application reaches the kernel. Only the
// first `setNoDelay(true)` of a connection's handle does not: the kernel has it. Where the server does not ask, the
// connection must not have it, and it is switched off.
// Invariant: only the handles of our own connections are touched. A prototype belongs to the application's other servers
// as well; `server.noDelay = false` would make Node believe that the option is off, and a later `setNoDelay(false)` vain.

import type { Server } from "node:net";
import type { Binding } from "@brood/core/native";
import type { BareHandle } from "../listen/server-handle.ts";

/** Of TCP; a unix socket's has no setNoDelay. */
interface ConnectionHandle extends BareHandle {
  setNoDelay?(isEnabled: boolean): number;
}

interface ListeningHandle {
  onconnection?: ((status: number, connection: ConnectionHandle | undefined) => void) | null;
}

/** Node's own fields (looked up in Node 20, 22, 24 and 26). */
type NodeServer = Server & { readonly noDelay?: boolean; readonly _handle?: ListeningHandle | null };

export class InheritedNoDelay {
  readonly #binding: Binding | null;
  /** What the first connection has shown: a sandbox with a network stack of its own need not do as Linux does. */
  #isInherited: boolean | null = null;

  constructor(binding: Binding | null) {
    this.#binding = binding;
  }

  /** For a server that has been told to listen on such a socket, in the same turn. */
  expect(server: NodeServer): void {
    const handle = server._handle;
    const { onconnection } = handle ?? {};
    if (handle === undefined || handle === null || typeof onconnection !== "function") return;
    handle.onconnection = (status, connection) => {
      if (connection?.setNoDelay !== undefined) this.#prepare(server, connection);
      onconnection.call(handle, status, connection);
    };
  }

  #prepare(server: NodeServer, connection: ConnectionHandle): void {
    if (!server.noDelay) connection.setNoDelay?.(false);
    else if (this.#inherits(connection)) connection.setNoDelay = setNoDelayAtFirst;
  }

  #inherits({ fd }: ConnectionHandle): boolean {
    this.#isInherited ??= this.#binding?.isNoDelay(fd) ?? false;
    return this.#isInherited;
  }
}

/** In the place of the handle's own, which it puts back: by assignment, since a deleted property makes the object slow. */
function setNoDelayAtFirst(this: ConnectionHandle, isEnabled: boolean): number {
  const own: ConnectionHandle = Object.getPrototypeOf(this);
  const { setNoDelay } = own;
  if (setNoDelay === undefined) return 0;
  this.setNoDelay = setNoDelay;
  return isEnabled ? 0 : setNoDelay.call(this, isEnabled);
}
