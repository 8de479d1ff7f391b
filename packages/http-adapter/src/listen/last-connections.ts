// The end of sockets that are ours. What the kernel has accepted was promised an answer, and closing a listening socket resets
// it. So new connections are refused first, while the workers go on accepting; the socket is closed when nothing waits in
// it and no handshake is under way that would still fill it.
// Without the addon neither can be seen: then each worker empties what it can see (worker/shared-sockets.ts).
// Rejected: shutdown(2) or a backlog of 0. The first resets the queue; with the second, clients wait instead of being refused.

import { promises as fs } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Binding } from "@brood/core/native";
import type { BoundSocket } from "./bind.ts";

/** A listening socket that is about to be closed. */
export interface LastSocket {
  readonly fd: number;
  /** Null for a unix socket: it has no handshake, and nobody finds it once its path is gone. */
  readonly port: number | null;
}

export interface Patience {
  readonly limitMs: number;
  /** Ends the wait at once. */
  readonly signal: AbortSignal;
}

/** Without patience: at once. */
export const AT_ONCE: Patience = { limitMs: 0, signal: AbortSignal.abort() };

/** A worker accepts within a turn of its loop. */
const LOOK_EVERY_MS = 2;

/** A handshake takes a round trip. One that takes longer than this was given up by its client, or never meant. */
const HANDSHAKE_MAX_MS = 500;
const HANDSHAKE_LOOK_EVERY_MS = 10;

/** TCP_SYN_RECV, as /proc/net/tcp writes it. */
const HANDSHAKING = "03";

/** The end of sockets that workers accept from, as a function to be called once. Inherited ones stay as they are: whoever
 *  comes next serves what waits in them. */
export function endOfSockets(
  binding: Binding | null,
  sockets: readonly BoundSocket[],
): (patience: Patience) => Promise<void> {
  const own = sockets.filter(({ isInherited }) => !isInherited);
  return async (patience) => {
    await Promise.all(own.map((each) => each.unpublish()));
    // The workers have copies.
    if (binding === null) return void (await Promise.all(own.map((each) => each.release())));
    const last = own.map(({ descriptor, address }) => lastSocket(descriptor, address));
    refuseNew(binding, last);
    await untilTaken(binding, last, patience);
  };
}

/** @param address  as `brood` prints it */
export function lastSocket(fd: number, address: string): LastSocket {
  const port = /^tcp:.*:(\d+)$/.exec(address)?.[1];
  return { fd, port: port === undefined ? null : Number(port) };
}

/** From now on nobody can connect. Tried for each: a sandbox may refuse it, and then the wait alone has to do. */
export function refuseNew(binding: Binding, sockets: readonly LastSocket[]): void {
  for (const { fd, port } of sockets) {
    try {
      if (port !== null) binding.refuseNew(fd);
    } catch {
      // They are accepted for a moment longer.
    }
  }
}

/** Resolves when all that the kernel had accepted has been taken, or when patience is at its end.
 *  @param isTaken  whether whoever accepts has passed on what it took  */
export async function untilTaken(
  binding: Binding,
  sockets: readonly LastSocket[],
  { limitMs, signal }: Patience,
  isTaken: () => boolean = () => true,
): Promise<void> {
  const startMs = performance.now();
  const ports = sockets.map(({ port }) => port).filter((port) => port !== null);
  const isLate = (afterMs: number): boolean => signal.aborted || performance.now() - startMs > afterMs;
  for (let pauseMs = LOOK_EVERY_MS; !isLate(limitMs); ) {
    // Also before the first look: a packet that was on its way through the kernel is in the queue by then.
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    pauseMs = LOOK_EVERY_MS;
    if (waits(binding, sockets) || !isTaken()) continue;
    const mayCome = !isLate(HANDSHAKE_MAX_MS) && (await isHandshaking(ports));
    if (!mayCome && !waits(binding, sockets)) return;
    pauseMs = HANDSHAKE_LOOK_EVERY_MS;
  }
}

function waits(binding: Binding, sockets: readonly LastSocket[]): boolean {
  return sockets.some(({ fd }) => {
    try {
      return binding.isReadable(fd);
    } catch {
      return false;
    }
  });
}

/** Has the kernel answered a client whose last packet is not here yet? */
async function isHandshaking(ports: readonly number[]): Promise<boolean> {
  if (ports.length === 0) return false;
  const tables = ["/proc/net/tcp", "/proc/net/tcp6"].map((path) =>
    fs.readFile(path, "latin1").catch(() => ""),
  );
  const ends = new Set(ports.map((port) => `:${port.toString(16).toUpperCase().padStart(4, "0")}`));
  // sl local_address rem_address st …
  return (await Promise.all(tables)).some((table) =>
    table.split("\n").some((line) => {
      const [, local = "", , state] = line.trim().split(/\s+/, 4);
      return state === HANDSHAKING && ends.has(local.slice(-5));
    }),
  );
}
