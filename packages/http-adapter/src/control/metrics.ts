// `GET /metrics`: the stats document in OpenMetrics text, made by prom-client into a registry of its own for each
// answer (nothing global, nothing counted twice). Per-worker figures are labelled by slot, a stable seat, and not by
// worker, of which every restart makes new ones; a counter that falls back to 0 is a restart to Prometheus.

import type { ServiceStats } from "@brood/core";
import { Counter, Gauge, type OpenMetricsContentType, Registry } from "prom-client";

export interface MetricsText {
  readonly contentType: string;
  readonly text: string;
}

export async function renderMetrics(stats: ServiceStats): Promise<MetricsText> {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  registry.setDefaultLabels({ name: stats.name });
  gauge(registry, "brood_workers_desired", "Workers wanted.", stats.desired);
  gauge(registry, "brood_workers_ready", "Workers that take work.", stats.ready);
  gauge(registry, "brood_generation", "Generation that completed last.", stats.generation);
  gauge(registry, "brood_rolling", "1 while a restart is under way.", Number(stats.roll !== null));
  gauge(
    registry,
    "brood_degraded",
    "1 while a slot waits to be filled again.",
    Number(stats.state === "degraded"),
  );
  gauge(registry, "brood_uptime_seconds", "Since the supervisor made the service.", stats.uptimeMs / 1_000);
  const { moved, ...workers } = stats.counters;
  new Counter({
    name: "brood_connections_moved",
    help: "Kept connections that draining workers passed on to others.",
    registers: [registry],
  }).inc(moved);
  for (const [counter, value] of Object.entries(workers)) {
    const name = `brood_workers_${counter.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
    new Counter({ name, help: `Workers or events: ${counter}.`, registers: [registry] }).inc(value);
  }
  perSlot(registry, stats);
  return { contentType: registry.contentType, text: await registry.metrics() };
}

function perSlot(registry: Registry<OpenMetricsContentType>, stats: ServiceStats): void {
  const of = (name: string, help: string): Gauge =>
    new Gauge({ name, help, labelNames: ["slot"], registers: [registry] });
  const generation = of("brood_worker_generation", "Generation that the slot's worker reported.");
  const rss = of("brood_worker_resident_memory_bytes", "Resident set of the slot's worker.");
  const busy = of("brood_worker_event_loop_utilization", "0 to 1, since its last heartbeat.");
  const connections = of("brood_worker_connections", "Open connections of the slot's worker.");
  const requests = new Counter({
    name: "brood_worker_requests",
    help: "Requests of the slot's worker since it started.",
    labelNames: ["slot"],
    registers: [registry],
  });
  for (const worker of stats.workers) {
    if (worker.state !== "ready") continue;
    const slot = String(worker.slot);
    generation.set({ slot }, worker.generation ?? 0);
    rss.set({ slot }, worker.rssBytes);
    busy.set({ slot }, worker.eventLoopUtilization);
    connections.set({ slot }, worker.connections);
    requests.inc({ slot }, worker.requests);
  }
}

function gauge(registry: Registry<OpenMetricsContentType>, name: string, help: string, value: number): void {
  new Gauge({ name, help, registers: [registry] }).set(value);
}
