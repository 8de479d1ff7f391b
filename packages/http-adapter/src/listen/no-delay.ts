// On Linux a connection has TCP_NODELAY when its listening socket had it as the handshake ended, so it is set once, before
// listen(2), and a worker need not ask for it on each connection (worker/no-delay.ts).

import { nativeSupport } from "@brood/core/native";
import type { ListenAddress } from "./addresses.ts";

/** Whether the connections of these addresses come with TCP_NODELAY. Not where a socket is inherited: its owner and whoever
 *  else has it would see the option too, and a worker cannot tell one socket's connections from another's. Not without the
 *  addon, by which a worker sees that the kernel does as said. */
export function inheritsNoDelay(addresses: readonly ListenAddress[]): boolean {
  return nativeSupport().ok && addresses.every(({ kind }) => kind !== "fd");
}
