// The worker's heartbeat: sent by this event loop itself and by nobody on its behalf, so that silence is a fact.
// Timer functions are taken before the application can replace them (fake timers in tests).

import type { EventLoopUtilization } from "node:perf_hooks";
import { performance } from "node:perf_hooks";
import type { Usage } from "../machine/names.ts";

const { setInterval } = globalThis;

export interface Heartbeat {
  /** Sends one now. */
  beat(): void;
}

/** Beats each `intervalMs`; does not keep the process alive by itself. */
export function startHeartbeat(
  intervalMs: number,
  work: () => Pick<Usage, "requests" | "connections" | "tasks">,
  send: (usage: Usage) => void,
): Heartbeat {
  let last: EventLoopUtilization = performance.eventLoopUtilization();
  const beat = (): void => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    send({
      ...work(),
      rssBytes: process.memoryUsage.rss(),
      eventLoopUtilization: Math.round(utilization * 1000) / 1000,
    });
  };
  setInterval(beat, intervalMs).unref();
  return { beat };
}
