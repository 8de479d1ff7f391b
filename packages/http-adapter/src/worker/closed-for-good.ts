// A program that has closed its server may open one again (for maintenance), or let the process end by itself, as it would
// under node. Here the worker would look well and serve nobody. So when nothing listens again soon after the last answer is out,
// it leaves, and is replaced.

import type { Server } from "node:net";

/** After the last connection has ended; a program that opens its server again does it in the callback of close(). */
const AGAIN_WITHIN_MS = 1_000;
/** Connections that do not end must not keep a worker that nobody else can reach. */
const ENDS_WITHIN_MS = 5_000;

const { setTimeout, clearTimeout } = globalThis;

export class ClosedForGood {
  #timer: NodeJS.Timeout;
  #isCancelled = false;

  /** @param leave  called once, unless it is cancelled */
  constructor(server: Server, leave: () => void) {
    this.#timer = setTimeout(leave, ENDS_WITHIN_MS);
    server.once("close", () => {
      if (this.#isCancelled) return;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(leave, AGAIN_WITHIN_MS);
    });
  }

  cancel(): void {
    this.#isCancelled = true;
    clearTimeout(this.#timer);
  }
}
