// Connections: TCP, unix and TLS, HTTP agents, `fetch` (undici), HTTP/2 and gRPC all call net.Socket's `connect`. A held socket is
// one that is still connecting: what is written to it waits, and it may be destroyed. Its name is not looked up either.
// Its own time limit begins in the worker. `connect` there gets the arguments that the application gave.

import net from "node:net";
import type { HeldThings } from "./held-things.ts";

type Connect = (this: net.Socket, ...parameters: unknown[]) => net.Socket;

interface Target {
  readonly host?: unknown;
  readonly port?: unknown;
  readonly path?: unknown;
}

/** As Node keeps them, after its own `_normalizeArgs`: the callback, if there is one, comes last. */
interface ConnectCall {
  readonly options: Target;
  readonly onConnect: unknown;
}

export function holdConnects(held: HeldThings): void {
  const connectOfNode = net.Socket.prototype.connect as Connect;
  const connect: Connect = function (...parameters) {
    const call = held.isHolding ? readCall(parameters) : null;
    if (call === null) return Reflect.apply(connectOfNode, this, parameters);
    hold(this, call, held, connectOfNode);
    return this;
  };
  Object.defineProperty(net.Socket.prototype, "connect", {
    value: connect,
    writable: true,
    configurable: true,
    enumerable: true,
  });
}

function hold(socket: net.Socket, call: ConnectCall, held: HeldThings, connectOfNode: Connect): void {
  const { options, onConnect } = call;
  if (typeof onConnect === "function") socket.once("connect", onConnect as () => void);
  const writable = socket as { connecting: boolean };
  writable.connecting = true;
  const startTimeout = holdTimeout(socket);
  held.hold({
    kind: "connections",
    what: `a connection to ${addressOf(options)}`,
    isWanted: () => !socket.destroyed && socket.connecting,
    perform() {
      startTimeout();
      Reflect.apply(connectOfNode, socket, [options]);
    },
    failed: (error) => void socket.destroy(error),
  });
}

/** Null: the call goes to Node, whose error it will be. */
function readCall(parameters: readonly unknown[]): ConnectCall | null {
  const [first] = parameters;
  const isNormalized = Array.isArray(first) && Object.getOwnPropertySymbols(first).length > 0;
  const normalize: unknown = Reflect.get(net, "_normalizeArgs");
  if (!isNormalized && typeof normalize !== "function") return null;
  const normalized: unknown = isNormalized
    ? first
    : Reflect.apply(normalize as () => unknown, net, [parameters]);
  if (!Array.isArray(normalized) || typeof normalized[0] !== "object" || normalized[0] === null) return null;
  const options = normalized[0] as Target;
  if (!options.path && options.port === undefined) return null;
  return { options, onConnect: normalized[1] };
}

/** `setTimeout` of a held socket counts from the worker on. @returns sets it then */
function holdTimeout(socket: net.Socket): () => void {
  let limitMs = socket.timeout ?? 0;
  const { setTimeout: setTimeoutOfSocket } = socket;
  const isOwn = Object.hasOwn(socket, "setTimeout");
  if (limitMs > 0) socket.setTimeout(0);
  socket.setTimeout = (ms, callback) => {
    limitMs = ms;
    Reflect.set(socket, "timeout", ms);
    if (callback !== undefined && ms > 0) socket.once("timeout", callback);
    if (callback !== undefined && ms === 0) socket.off("timeout", callback);
    return socket;
  };
  return () => {
    if (isOwn) socket.setTimeout = setTimeoutOfSocket;
    else Reflect.deleteProperty(socket, "setTimeout");
    if (limitMs > 0) socket.setTimeout(limitMs);
  };
}

function addressOf({ path, host, port }: Target): string {
  return path ? String(path) : `${host ?? "localhost"}:${port}`;
}
