// How many connections may wait in a listening socket. Each listen(2) sets it anew, and each worker calls listen(2) when
// it opens: so all of them must say the same number. An inherited socket keeps its own, which its parent has chosen.

import { readFileSync } from "node:fs";
import { nativeSupport } from "@brood/core/native";

/** Node's own. */
export const BACKLOG_DEFAULT = 511;

/** The one that an inherited socket has; without the addon, which can ask for it, the most that the system allows: it is
 *  not lowered then. Null for a socket that nobody listens on. */
export function backlogOf(descriptor: number): number | null {
  const native = nativeSupport();
  const backlog = native.ok ? native.binding.backlogOf(descriptor) : -1;
  if (backlog === 0) return null;
  return backlog > 0 ? backlog : systemMaximum();
}

function systemMaximum(): number {
  try {
    return Number(readFileSync("/proc/sys/net/core/somaxconn", "latin1")) || BACKLOG_DEFAULT;
  } catch {
    return BACKLOG_DEFAULT;
  }
}
