// The end of accepting for others: what the kernel has accepted is taken still, inherited sockets are let go at once. When this
// resolves nobody accepts any more.

import type { Binding } from "@brood/core/native";
import type { BoundSocket } from "../listen/bind.ts";
import { lastSocket, type Patience, refuseNew, untilTaken } from "../listen/last-connections.ts";
import type { Acceptor } from "./acceptor.ts";

/** @param acceptors  one for each of the sockets  @param isTaken  whether workers have got what was accepted */
export async function acceptLast(
  binding: Binding | null,
  sockets: readonly BoundSocket[],
  acceptors: readonly Acceptor[],
  patience: Patience,
  isTaken: () => boolean,
): Promise<void> {
  const own = sockets.filter(({ isInherited }) => !isInherited);
  const inherited = sockets.filter(({ isInherited }) => isInherited);
  await Promise.all(own.map((each) => each.unpublish()));
  if (binding === null) {
    // libuv accepts whatever waits as soon as it polls, and goes on until its handle is closed.
    await Promise.all(inherited.map((each) => each.release()));
    for (let poll = 0; poll < 2; poll += 1) await new Promise((resolve) => setImmediate(resolve));
    await Promise.all(own.map((each) => each.release()));
  } else {
    for (const [index, { isInherited }] of sockets.entries()) if (isInherited) acceptors[index]?.close();
    const last = own.map(({ descriptor, address }) => lastSocket(descriptor, address));
    refuseNew(binding, last);
    await untilTaken(binding, last, patience, isTaken);
  }
  for (const acceptor of acceptors) acceptor.close();
}
