// The worker's heartbeat: sent by this event loop itself and by nobody on its behalf, so that silence is a fact.
// Timer functions are taken before the application can replace them (fake timers in tests).

import type { EventLoopUtilization } from "node:perf_hooks";
import { performance } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import type { Usage } from "../machine/names.ts";

const { setInterval } = globalThis;

export interface Heartbeat {
  /** Sends one now. */
  beat(): void;
}

/** Beats each `intervalMs`; does not keep the process alive by itself. */
export function startHeartbeat(
  intervalMs: number,
  runtime: "process" | "thread",
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
      rssBytes: runtime === "process" ? process.memoryUsage.rss() : heapBytes(),
      eventLoopUtilization: Math.round(utilization * 1000) / 1000,
    });
  };
  setInterval(beat, intervalMs).unref();
  return { beat };
}

/** What is a thread's own: its heap and what that holds outside of it. The resident set is the whole process's. */
function heapBytes(): number {
  const { total_heap_size: heap, malloced_memory: malloced, external_memory: external } = getHeapStatistics();
  return heap + malloced + external;
}
