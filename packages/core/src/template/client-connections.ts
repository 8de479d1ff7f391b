// Connections that HTTP clients keep for their next request: of any http.Agent, and of undici, which is behind `fetch`. Between
// requests they are nobody's, since a client that finds none opens another. So a template closes them, whoever opened
// them, and waits for those that still have an answer to come.
// Both are known by what they leave on their sockets, which is undocumented: an agent listens to `agentRemove` and Node sets
// `_httpMessage` while a request is under way; undici keeps its client, which counts, under a symbol named `client`.

import type { Socket } from "node:net";
import type { Origin } from "./origins.ts";

/** Closes those that are idle. @returns whether there were any, idle or not: the next turn has fewer */
export function closeClientConnections(origins: readonly Origin[]): boolean {
  const clients = origins.flatMap((origin) => clientOf(origin) ?? []);
  for (const { socket, isIdle } of clients) if (isIdle) socket.destroy();
  return clients.length > 0;
}

interface Client {
  readonly socket: Socket;
  readonly isIdle: boolean;
}

function clientOf({ resource }: Origin): Client | null {
  const socket = field(resource.deref(), "owner_symbol") as Socket | undefined;
  if (typeof socket?.destroy !== "function") return null;
  const client = field(socket, "client");
  if (client !== undefined) return { socket, isIdle: field(client, "size") === 0 };
  if (socket.listenerCount("agentRemove") === 0) return null;
  return { socket, isIdle: !Reflect.get(socket, "_httpMessage") };
}

/** What is kept under a symbol of this name, on the object or where its class has it. */
function field(target: unknown, name: string): unknown {
  if (typeof target !== "object" || target === null) return undefined;
  for (let holder: object | null = target; holder !== null; holder = Object.getPrototypeOf(holder)) {
    const symbol = Object.getOwnPropertySymbols(holder).find(({ description }) => description === name);
    if (symbol !== undefined) return Reflect.get(target, symbol);
  }
  return undefined;
}
