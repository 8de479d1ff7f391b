// The keys that seal TLS session tickets, one set for all workers of a server, made anew from time to time: whoever gets
// hold of a key can read the sessions it sealed. Node takes one set at a time, so a ticket of the set before costs its
// client one full handshake, and nothing else. Workers that boot later read the keys of that moment.

import { randomBytes } from "node:crypto";
import type { Service } from "@brood/core";
import { ticketKeysMessage } from "./worker/host-message.ts";

/** By Node's `setTicketKeys`. */
const KEYS_BYTES = 48;

export class TicketKeys {
  /** base64 */
  current: string = makeKeys();

  /** @param everyMs  0 for never. @returns what ends it */
  rotate(service: Service, everyMs: number): () => void {
    if (everyMs === 0) return () => {};
    const timer = setInterval(() => {
      this.current = makeKeys();
      for (const { worker } of service.stats().workers) service.post(worker, ticketKeysMessage(this.current));
    }, everyMs);
    timer.unref();
    return () => clearInterval(timer);
  }
}

function makeKeys(): string {
  return randomBytes(KEYS_BYTES).toString("base64");
}
