// The look at a loaded application before its first fork: is there anything that a fork would break? What is found is named
// with its place in the code, because whoever reads it has to move it.

import http from "node:http";
import https from "node:https";
import { performance } from "node:perf_hooks";
import { PoolError } from "../errors.ts";
import { findingsOf, isRequest, isTold, type SystemView, viewSystem } from "./findings.ts";
import { type Origins, watchOrigins } from "./origins.ts";

const { setTimeout, setImmediate } = globalThis;

/** Operations that were begun and not awaited get so long to end. */
const QUIET_WITHIN_MS = 5_000;
const LOOK_AGAIN_AFTER_MS = 5;

export interface Preflight {
  /** Everything that is open now and was not before. */
  findings(): Promise<readonly string[]>;
}

/** Begins to watch; call before the release is loaded. */
export function beginPreflight(): Preflight {
  const before = viewSystem();
  const origins = watchOrigins(isTold);
  return {
    async findings() {
      // Kept-alive connections of the agents are nobody's: the next request opens others.
      http.globalAgent.destroy();
      https.globalAgent.destroy();
      await quiet(origins);
      const now = viewSystem();
      const found = findingsOf(origins.open(), before, now);
      origins.stop();
      return [...found, ...unexplainedSockets(found, before, now)];
    },
  };
}

/** Nothing tells of the last operation's end, so it is looked for. Node tells of what has closed only after the timers of the
 *  next turn: on a busy machine a look by timer alone would find a socket that is gone. */
async function quiet(origins: Origins): Promise<void> {
  const untilMs = performance.now() + QUIET_WITHIN_MS;
  do await new Promise((resolve) => setTimeout(() => setImmediate(resolve), LOOK_AGAIN_AFTER_MS));
  while (origins.open().some(isRequest) && performance.now() < untilMs);
}

/** Sockets that a native addon opened, past Node. Only when nothing else explains them. */
function unexplainedSockets(found: readonly string[], before: SystemView, now: SystemView): string[] {
  const extra = now.sockets - before.sockets;
  if (extra <= 0 || found.length > 0) return [];
  return [
    `${extra} sockets opened by a native addon; open them in onWorkerBoot, or close them in beforeFork`,
  ];
}

/** One error for all findings. */
export function unsafe(findings: readonly string[]): PoolError {
  const list = findings.map((each, index) => `(${index + 1}) ${each}`).join("; ");
  return new PoolError("BROOD_TEMPLATE_UNSAFE", `holds what does not survive a fork: ${list}.`, {
    details: { findings },
  });
}
