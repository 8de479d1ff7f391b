// A forked worker's first request. What the template has compiled writes to memory that is shared until then, so whoever comes
// first pays for the copies: 5 to 10 ms on a slow machine. That shall be nobody: a worker that has not been asked for
// anything soon after it opened asks itself, for each warm-up path once, and is nobody's traffic while it does.
// Users go first. Until it was ready for them they would wait as long and longer, so doing this before was rejected: it
// made a worker ready 8 to 15 ms later, for a p99 after a restart that was 0 to 7 % less (four Nodes, 12 restarts each way).

import type { Server } from "node:net";
import { detached, textOf } from "@brood/core/callbacks";
import type { HttpHostData } from "./host-data.ts";
import type { Traffic } from "./traffic.ts";
import { sendWarmupRequests } from "./warmup-requests.ts";

const { setTimeout } = globalThis;

/** Connections that wait for the worker have sent their requests by then. */
const UNASKED_AFTER_MS = 20;

/** Call it when connections can come. @param signal ends it, since the worker drains */
export function askItselfUnlessAsked(
  server: Server,
  warmup: Required<HttpHostData>["warmup"],
  traffic: Pick<Traffic, "requests" | "ignore">,
  signal: AbortSignal,
): void {
  if (warmup.requests === 0) return;
  const ask = (): void => {
    if (traffic.requests > 0) return;
    const adopt = traffic.ignore.bind(traffic);
    detached(sendWarmupRequests(server, { ...warmup, requests: 1 }, { adopt, signal }), say);
  };
  setTimeout(ask, UNASKED_AFTER_MS).unref();
}

function say(error: unknown): void {
  process.stderr.write(`brood: no warm-up request could be sent: ${textOf(error)}\n`);
}
