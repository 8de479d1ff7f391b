// `brood status`: the server and its workers as a table; with --json the stats document as it is.

import { heldInWords, type ServiceStats, type WorkerStats } from "@brood/core";
import { callControl } from "../control/client.ts";
import { controlPathOf } from "./control-option.ts";
import { releaseLine } from "./release-line.ts";
import type { CommandValues } from "./start-config.ts";

const BYTES_PER_MB = 2 ** 20;

const COLUMNS: readonly string[] = [
  "slot",
  "worker",
  "gen",
  // Of a thread `<pid>/<thread>`.
  "pid",
  "state",
  "uptime",
  "heartbeat",
  "requests",
  "conns",
  "rss",
  "busy",
];

export async function status(values: CommandValues): Promise<number> {
  const { body } = await callControl(await controlPathOf(values), "GET", "/stats");
  if (values["json"] === true) process.stdout.write(`${JSON.stringify(body, null, 2)}\n`);
  else process.stdout.write(await formatStatus(asStats(body)));
  return 0;
}

async function formatStatus(stats: ServiceStats): Promise<string> {
  const { default: Table } = await import("cli-table3");
  const table = new Table({ head: [...COLUMNS], style: { head: [], border: [], compact: true } });
  for (const worker of stats.workers) table.push(rowOf(worker));
  return `${[...headLines(stats), table.toString()].join("\n")}\n`;
}

function headLines(stats: ServiceStats): readonly string[] {
  const { release, roll, lastRoll, counters } = stats;
  const lines = [
    `name=${stats.name} pid=${stats.pid} state=${stats.state} gen=${stats.generation} ready=${stats.ready}/${stats.desired} uptime=${duration(stats.uptimeMs)}`,
    `runtime=${stats.runtime} spawn=${stats.spawn} handoff=${stats.handoff} spawned=${counters.spawned} crashed=${counters.crashed} killed=${counters.killed}`,
  ];
  const held = stats.template?.held ? heldInWords(stats.template.held) : "";
  if (held !== "") lines.push(`template ${held}`);
  const { unreachable = [], listeners = [] } = stats;
  for (const { address, kind, workers } of listeners)
    lines.push(`listens ${kind} ${address} workers=${workers}`);
  if (unreachable.length > 0) lines.push(`unreachable ${unreachable.join(" ")}`);
  if (release !== null) lines.push(`release ${releaseLine(release)}`);
  if (roll !== null) {
    lines.push(`roll gen=${roll.from}->${roll.to} step=${roll.step} replaced=${roll.replaced}/${roll.total}`);
  }
  if (lastRoll !== null) {
    const reason = lastRoll.reason === undefined ? "" : ` reason=${lastRoll.reason.code}`;
    const unchanged = lastRoll.unchanged ? " unchanged" : "";
    lines.push(
      `last roll gen=${lastRoll.from}->${lastRoll.to} ${lastRoll.result} in ${duration(lastRoll.durationMs)}${unchanged}${reason}`,
    );
  }
  return lines;
}

function rowOf(worker: WorkerStats): string[] {
  const isWrong = worker.generation !== null && worker.generation !== worker.requestedGeneration;
  const generation = `${worker.generation ?? "?"}${isWrong ? ` (asked for ${worker.requestedGeneration})` : ""}`;
  const state =
    worker.backingOffMs > 0 ? `${worker.state}, next in ${duration(worker.backingOffMs)}` : worker.state;
  const heartbeat = worker.lastHeartbeatAgoMs === null ? "" : `${duration(worker.lastHeartbeatAgoMs)} ago`;
  return [
    String(worker.slot),
    worker.worker,
    generation,
    worker.threadId === null ? String(worker.pid ?? "") : `${worker.pid}/${worker.threadId}`,
    state,
    duration(worker.uptimeMs),
    heartbeat,
    String(worker.requests),
    String(worker.connections),
    `${Math.round(worker.rssBytes / BYTES_PER_MB)} MB`,
    `${Math.round(worker.eventLoopUtilization * 100)} %`,
  ];
}

/** `350 ms`, `12.3 s`, `7 min`, `5.0 h`: three digits say enough. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}

/** The codec of the answer to `GET /stats`, which the server of the same package wrote. */
function asStats(body: unknown): ServiceStats {
  return body as ServiceStats;
}
