// What listens on a TCP port of this machine, as the kernel has it.

import { readFileSync } from "node:fs";

const LISTEN = "0A";

/** How many sockets. */
export function listeningOn(port: number): number {
  return linesOf(port).length;
}

/** How many connections wait in their queues. */
export function queuedOn(port: number): number {
  return linesOf(port).reduce(
    (sum, [, , , , queues]) => sum + Number.parseInt(queues?.split(":")[1] ?? "", 16),
    0,
  );
}

function linesOf(port: number): readonly (readonly string[])[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  return ["/proc/net/tcp", "/proc/net/tcp6"]
    .flatMap((file) => readFileSync(file, "utf8").split("\n"))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(`:${wanted}`) === true && state === LISTEN);
}
