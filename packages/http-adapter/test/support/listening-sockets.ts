// How many sockets listen on a TCP port of this machine, as the kernel has it.

import { readFileSync } from "node:fs";

const LISTEN = "0A";

export function listeningOn(port: number): number {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  return ["/proc/net/tcp", "/proc/net/tcp6"]
    .flatMap((file) => readFileSync(file, "utf8").split("\n"))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(`:${wanted}`) === true && state === LISTEN).length;
}
