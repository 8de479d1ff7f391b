import type { ServiceStats } from "@brood/core";
import { describe, expect, it } from "vitest";
import { renderMetrics } from "../../src/control/metrics.ts";

const worker = {
  slot: 3,
  worker: "w7",
  generation: 2,
  requestedGeneration: 2,
  pid: 1,
  threadId: null,
  state: "ready",
  readyAfterMs: 8,
  uptimeMs: 9,
  lastHeartbeatAgoMs: 1,
  requests: 10,
  connections: 2,
  tasks: 0,
  rssBytes: 4096,
  eventLoopUtilization: 0.25,
  eventLoopDelayMs: 0,
  backingOffMs: 0,
  lingering: false,
  releaseChanged: false,
} as const;

const stats: ServiceStats = {
  name: "shop",
  pid: 1,
  uptimeMs: 1_500,
  state: "running",
  generation: 2,
  release: null,
  generations: [],
  desired: 4,
  ready: 3,
  runtime: "process",
  spawn: "fresh",
  handoff: "listener",
  roll: null,
  lastRoll: null,
  template: null,
  workers: [worker, { ...worker, worker: "w6", state: "draining", requests: 99 }],
  counters: {
    spawned: 9,
    exited: 5,
    crashed: 1,
    killed: 0,
    mismatched: 0,
    staleEvents: 2,
    fallbacks: 0,
    moved: 3,
  },
};

describe("metrics", () => {
  it("are OpenMetrics text of the stats, by slot, of ready workers only", async () => {
    const { contentType, text } = await renderMetrics(stats);
    expect(contentType).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    expect(text.trimEnd().endsWith("# EOF")).toBe(true);
    expect(text).toContain('brood_workers_ready{name="shop"} 3');
    expect(text).toContain('brood_workers_spawned_total{name="shop"} 9');
    expect(text).toContain('brood_connections_moved_total{name="shop"} 3');
    expect(text).toContain('brood_workers_stale_events_total{name="shop"} 2');
    expect(text).toContain('brood_uptime_seconds{name="shop"} 1.5');
    expect(text.match(/^brood_worker_requests_total\{.*\} 10$/gm)).toHaveLength(1);
    expect(text).not.toContain("99");
  });

  it("can be made twice in one process", async () => {
    expect((await renderMetrics(stats)).text).toBe((await renderMetrics(stats)).text);
  });
});
