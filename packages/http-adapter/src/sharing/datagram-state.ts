// What Node keeps of a UDP socket and shows nobody (looked up in Node 20, 22, 24 and 26). `socket._handle` is deprecated, and
// there is no other way to its handle.

import type { Socket } from "node:dgram";
import type { BareHandle } from "../listen/server-handle.ts";

export interface DatagramState {
  bindState: number;
  readonly ipv6Only?: boolean;
  readonly reuseAddr?: boolean;
  readonly handle: (BareHandle & { recvStop?(): number }) | null;
}

/** Values of `bindState`. */
export const UNBOUND = 0;
export const BINDING = 1;

/** Null: this Node keeps it elsewhere. */
export function stateOf(socket: Socket): DatagramState | null {
  const symbol = Object.getOwnPropertySymbols(socket).find(
    ({ description }) => description === "state symbol",
  );
  const state: unknown = symbol === undefined ? undefined : Reflect.get(socket, symbol);
  return isState(state) ? state : null;
}

function isState(value: unknown): value is DatagramState {
  return typeof value === "object" && value !== null && "bindState" in value && "handle" in value;
}
