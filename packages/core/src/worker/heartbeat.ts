// The worker's heartbeat: sent by this event loop itself and by nobody on its behalf, so that silence is a fact.
// Timer functions are taken before the application can replace them (fake timers in tests).

import type { EventLoopUtilization } from "node:perf_hooks";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import type { Usage } from "../machine/names.ts";

const { setInterval } = globalThis;

export interface Heartbeat {
  /** Sends one now. */
  beat(): void;
}

export interface HeartbeatOptions {
  readonly intervalMs: number;
  readonly runtime: "process" | "thread";
  /** Costs 50 wake-ups a second. */
  readonly measuresDelay: boolean;
}

type Work = Pick<Usage, "requests" | "connections" | "tasks">;

/** Beats each `intervalMs`; does not keep the process alive by itself. */
export function startHeartbeat(
  { intervalMs, runtime, measuresDelay }: HeartbeatOptions,
  work: () => Work,
  send: (usage: Usage) => void,
): Heartbeat {
  const delayMs = measuresDelay ? measureDelay() : () => 0;
  const memoryBytes = keepLast(runtime === "process" ? () => process.memoryUsage.rss() : heapBytes);
  let last: EventLoopUtilization = performance.eventLoopUtilization();
  const beat = (): void => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    send({
      ...wholeCounts(work()),
      rssBytes: memoryBytes(),
      eventLoopUtilization: Math.min(1, atLeastZero(Math.round(utilization * 1000) / 1000)),
      eventLoopDelayMs: atLeastZero(delayMs()),
    });
  };
  setInterval(beat, intervalMs).unref();
  return { beat };
}

/** What the supervisor takes, also where a host counts wrongly or the application has replaced a clock. */
function wholeCounts({ requests, connections, tasks }: Work): Work {
  return {
    requests: Math.trunc(atLeastZero(requests)),
    connections: Math.trunc(atLeastZero(connections)),
    tasks: Math.trunc(atLeastZero(tasks)),
  };
}

function atLeastZero(value: number): number {
  return typeof value === "number" && value > 0 ? Math.min(value, Number.MAX_SAFE_INTEGER) : 0;
}

/** Wakes up 50 times a second, so it is only there when somebody acts on it. */
const RESOLUTION_MS = 20;
const NANOSECONDS_PER_MS = 1_000_000;

/** How much later than asked for timers came since the last call, p99. */
function measureDelay(): () => number {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return () => {
    // Node counts the resolution in.
    const lateMs = histogram.percentile(99) / NANOSECONDS_PER_MS - RESOLUTION_MS;
    histogram.reset();
    return Math.max(0, Math.round(lateMs * 10) / 10);
  };
}

/** A figure that cannot be read now is the one before it, 0 at first: without a free descriptor or without /proc the kernel
 *  tells no resident set, and a worker lives without that. */
function keepLast(read: () => number): () => number {
  let value = 0;
  return () => {
    try {
      value = atLeastZero(read());
    } catch {
      // As it was.
    }
    return value;
  };
}

/** What is a thread's own: its heap and what that holds outside of it. The resident set is the whole process's. */
function heapBytes(): number {
  const { total_heap_size: heap, malloced_memory: malloced, external_memory: external } = getHeapStatistics();
  return heap + malloced + external;
}
