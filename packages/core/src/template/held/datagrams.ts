// UDP: `bind`, and with it `send` and `connect`, which bind a socket that is not bound yet. Node keeps what is sent until then. So a
// held socket sends in each worker what the program sent while it loaded, from a port of the worker's own.

import dgram from "node:dgram";
import type { HeldThings } from "./held-things.ts";

type Bind = (this: dgram.Socket, ...parameters: unknown[]) => dgram.Socket;

export function holdDatagrams(held: HeldThings): void {
  const bindOfNode = dgram.Socket.prototype.bind as Bind;
  /** Once is enough: each `send` of a socket that is not bound asks for it. */
  const kept = new WeakSet<dgram.Socket>();
  const bind: Bind = function (...parameters) {
    if (!held.isHolding) return Reflect.apply(bindOfNode, this, parameters);
    if (kept.has(this)) return this;
    kept.add(this);
    hold(this, parameters, held, bindOfNode);
    return this;
  };
  Object.defineProperty(dgram.Socket.prototype, "bind", {
    value: bind,
    writable: true,
    configurable: true,
    enumerable: true,
  });
}

function hold(
  socket: dgram.Socket,
  parameters: readonly unknown[],
  held: HeldThings,
  bindOfNode: Bind,
): void {
  let isClosed = false;
  socket.once("close", () => {
    isClosed = true;
  });
  const [first] = parameters;
  const port: unknown = typeof first === "object" && first !== null ? Reflect.get(first, "port") : first;
  held.hold({
    kind: "datagrams",
    what: `a UDP socket (port ${typeof port === "number" ? port : 0})`,
    isWanted: () => !isClosed,
    perform: () => void Reflect.apply(bindOfNode, socket, parameters),
    failed: (error) => void socket.emit("error", error),
  });
}
