// `listen()` while a program loads, of any server but the one that Brood serves for it (an adapter takes that call before it
// comes here): a metrics port, a debugger's. Each worker listens, in the order of the calls. Until then the server is one that
// has not begun to listen, and closing it takes the call back.

import net from "node:net";
import type { HeldThings } from "./held-things.ts";

type Listen = (this: net.Server, ...parameters: unknown[]) => net.Server;

export function holdListens(held: HeldThings): void {
  const listenOfNode = net.Server.prototype.listen as Listen;
  const listen: Listen = function (...parameters) {
    if (!held.isHolding) return Reflect.apply(listenOfNode, this, parameters);
    hold(this, parameters, held, listenOfNode);
    return this;
  };
  Object.defineProperty(net.Server.prototype, "listen", {
    value: listen,
    writable: true,
    configurable: true,
    enumerable: true,
  });
}

function hold(
  server: net.Server,
  parameters: readonly unknown[],
  held: HeldThings,
  listenOfNode: Listen,
): void {
  let isWanted = true;
  const isOwn = Object.getOwnPropertyDescriptor(server, "close");
  const restore = (): void => {
    if (isOwn === undefined) Reflect.deleteProperty(server, "close");
    else Object.defineProperty(server, "close", isOwn);
  };
  server.close = (callback) => {
    isWanted = false;
    restore();
    if (callback !== undefined) server.once("close", callback);
    process.nextTick(() => server.emit("close"));
    return server;
  };
  held.hold({
    kind: "servers",
    what: `a server on ${addressOf(parameters[0])}`,
    isWanted: () => isWanted,
    perform() {
      restore();
      Reflect.apply(listenOfNode, server, parameters);
    },
    failed: (error) => void server.emit("error", error),
  });
}

function addressOf(first: unknown): string {
  if (typeof first !== "object" || first === null) return `port ${String(first ?? 0)}`;
  const path: unknown = Reflect.get(first, "path");
  return path ? String(path) : `port ${String(Reflect.get(first, "port") ?? 0)}`;
}
