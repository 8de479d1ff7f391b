// Options that a running server cannot change: its sockets, its name and the kind of its workers are from its start.

import { PoolError } from "@brood/core/errors";

/** Another value for one of them is refused by a restart, before anything is touched. */
export function needsStart(option: string, before: unknown, now: unknown): PoolError {
  const message = `option ${option}: ${show(before)} since the start, ${show(now)} now. A restart cannot change it: stop the server and start it again, or put the old value back.`;
  return new PoolError("BROOD_NEEDS_START", message, { details: { option, before, now } });
}

function show(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "none");
}
