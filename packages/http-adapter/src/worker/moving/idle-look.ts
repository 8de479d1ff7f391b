// Which connections of an HTTP/1 server are between two requests: Node's own list knows, also of a head that has begun
// (`Symbol(http.server.connections)`; looked up in Node 20, 22, 24 and 26). It does not call a connection idle on which
// nothing has come yet; that one is known by its bytes.

import type { Server, Socket } from "node:net";

interface ConnectionsList {
  /** Parsers. */
  idle(): readonly { readonly socket?: object | null }[];
}

export class IdleLook {
  readonly #server: Server;
  /** As it is within one callback of the loop; to ask for each of thousands in turn would take seconds. */
  #sockets: ReadonlySet<object> | null = null;

  constructor(server: Server) {
    this.#server = server;
  }

  /** Whether this Node, and this server, can tell. */
  get knows(): boolean {
    return listOf(this.#server) !== null;
  }

  /** Now. Where nobody can tell, it is. */
  isIdle(socket: Socket): boolean {
    return socket.bytesRead === 0 || this.#idle().has(socket) || !this.knows;
  }

  #idle(): ReadonlySet<object> {
    if (this.#sockets === null) {
      this.#sockets = new Set(
        listOf(this.#server)
          ?.idle()
          .flatMap(({ socket }) => socket ?? []),
      );
      process.nextTick(() => {
        this.#sockets = null;
      });
    }
    return this.#sockets;
  }
}

function listOf(server: Server): ConnectionsList | null {
  const key = Object.getOwnPropertySymbols(server).find(
    ({ description }) => description === "http.server.connections",
  );
  const list: unknown = key === undefined ? undefined : Reflect.get(server, key);
  return isList(list) ? list : null;
}

function isList(value: unknown): value is ConnectionsList {
  return typeof value === "object" && value !== null && "idle" in value;
}
