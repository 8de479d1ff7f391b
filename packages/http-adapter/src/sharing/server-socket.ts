// Sockets of a server: what came from the supervisor as a handle that can accept, and a free port for a program that is told
// one before anything is bound.

import net from "node:net";
import { detached, ignored } from "@brood/core/callbacks";
import { adoptDescriptor, bindTcp } from "../listen/server-handle.ts";
import type { GivenSocket } from "./listen-channel.ts";
import type { AcceptingHandle } from "./virtual-handle.ts";

/** libuv's handle of it; null when it is none that can accept. */
export function acceptingHandleOf(given: GivenSocket): AcceptingHandle | null {
  if ("handle" in given) return isAccepting(given.handle) ? given.handle : null;
  const adopted = adoptDescriptor(given.descriptor);
  return adopted.ok && isAccepting(adopted.handle.bare) ? adopted.handle.bare : null;
}

/** Nobody holds it when this returns. Null: the host has to be looked up, or there is none. */
export function freePort(host: string | null): number | null {
  const address = host === "localhost" ? "127.0.0.1" : host;
  if (address !== null && net.isIP(address) === 0) return null;
  const bound = bindTcp(address, 0, address !== null && net.isIPv4(address) ? 4 : 6);
  if (!bound.ok) return null;
  detached(bound.handle.close(), ignored);
  return bound.handle.name?.port ?? null;
}

function isAccepting(handle: object): handle is AcceptingHandle {
  return typeof Reflect.get(handle, "listen") === "function";
}
