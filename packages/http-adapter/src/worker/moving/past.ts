// What goes with a connection from worker to worker: how many requests it has had, where the application limits them, and
// how long its client was told that it may be idle. So neither a limit nor a promise is forgotten on the way.

import type { Server } from "node:net";
import type { Past } from "../../handoff/messages.ts";
import type { Connection } from "../connection.ts";

/** Of an idle connection; null when there is nothing to be known. */
export function pastOf({ past, requests, socket }: Connection, server: Server): Past | null {
  const isUnused = socket.bytesRead === 0;
  if (isUnused) return past;
  const toldMs = Math.min(keepAliveOf(server), Number.MAX_SAFE_INTEGER);
  // Where nobody counts, one stands for any number: it is not new.
  return { requests: Math.max(1, (past?.requests ?? 0) + requests), toldMs, key: past?.key ?? null };
}

/** How long an idle connection is kept here that has come with this past; null: until Node's own timeouts end it. */
export function idleMsOf({ requests, toldMs }: Past, server: Server): number | null {
  const ownMs = keepAliveOf(server);
  if (requests === 0 || ownMs === 0) return null;
  return Math.max(ownMs, toldMs) + bufferOf(server);
}

/** 0: without a limit. */
export function keepAliveOf(server: Server): number {
  const timeoutMs: unknown = Reflect.get(server, "keepAliveTimeout");
  return typeof timeoutMs === "number" && timeoutMs > 0 ? timeoutMs : 0;
}

/** So much longer than it says does Node wait itself: 1,000 since Node 20.20 and 22.19, before that the same by us. */
function bufferOf(server: Server): number {
  const bufferMs: unknown = Reflect.get(server, "keepAliveTimeoutBuffer");
  return typeof bufferMs === "number" ? bufferMs : 1_000;
}
