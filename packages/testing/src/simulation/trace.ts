// The readable trace: one line a step, `t=120 WorkerReady worker=w3 slot=0 gen=2 -> DrainWorker worker=w1 ...`.
// Steps are recorded as they are and written out only when somebody reads them; most runs of a long search are not read.

import type { Command, MachineEvent } from "@brood/core/engine";

export interface TraceStep {
  readonly atMs: number;
  readonly event: MachineEvent;
  readonly commands: readonly Command[];
}

/** What the schedule did, between the steps. */
export interface TraceAction {
  readonly atMs: number;
  readonly action: string;
}

export type TraceRecord = TraceStep | TraceAction;

export function formatTrace(records: readonly TraceRecord[]): readonly string[] {
  const names = new Map<string, string>();
  return records.map((record) => {
    if ("action" in record) return `t=${time(record.atMs)} # ${record.action}`;
    const { event, commands } = record;
    for (const command of commands) {
      if (command.type !== "SpawnWorker") continue;
      names.set(command.worker, `worker=${command.worker} slot=${command.slot} gen=${command.generation}`);
    }
    const nameOf = (worker: string): string => names.get(worker) ?? `worker=${worker}`;
    const done = commands
      .map((command) => formatCommand(command, record.atMs, nameOf))
      .filter((text) => text !== "");
    const decided = done.length === 0 ? "" : ` -> ${done.join(", ")}`;
    return `t=${time(record.atMs)} ${formatEvent(event, nameOf)}${decided}`;
  });
}

/** Lines that only say that all goes on. */
const ROUTINE =
  /^t=\S+ (WorkerHeartbeat|WorkerSpawned|WorkerBye|TemplateHeartbeat|TemplateSpawned|DeadlinesReached)/;

/** The trace without the lines that led to nothing. */
export function tellingLines(trace: readonly string[]): readonly string[] {
  return trace.filter((line) => line.includes(" -> ") || !ROUTINE.test(line));
}

function formatEvent(event: MachineEvent, nameOf: (worker: string) => string): string {
  switch (event.type) {
    case "StartRequested":
      return `${event.type} entry=${event.entry}`;
    case "RestartRequested":
      return `${event.type} request=${event.requestId}${event.entry === null ? "" : ` entry=${event.entry}`}`;
    case "ScaleRequested":
      return `${event.type} request=${event.requestId} desired=${event.desired}`;
    case "StopAnnounced":
      return event.type;
    case "StopRequested":
      return `${event.type} now=${event.now}`;
    case "ReleaseResolved":
      return `${event.type} gen=${event.generation} entry=${event.release.entry}`;
    case "ReleaseRejected":
      return `${event.type} gen=${event.generation} code=${event.reason.code}`;
    case "DeadlinesReached":
      return event.type;
    case "WorkerReported": {
      const { worker, generation } = event.reported;
      return `${event.type} ${nameOf(event.worker)} reported=${worker}/${generation}`;
    }
    case "WorkerExited":
      return `${event.type} ${nameOf(event.worker)} code=${event.exitCode} signal=${event.signal}`;
    case "WorkerFailed":
      return `${event.type} ${nameOf(event.worker)} code=${event.code}`;
    case "WorkerViolated":
      return `${event.type} ${nameOf(event.worker)} ${event.detail}`;
    case "TemplateReported": {
      const { template, generation } = event.reported;
      return `${event.type} template=${event.template} reported=${template}/${generation}`;
    }
    case "TemplateSpawned":
    case "TemplateSpawnFailed":
    case "TemplateReady":
    case "TemplateHeartbeat":
      return `${event.type} template=${event.template}`;
    case "TemplateExited":
      return `${event.type} template=${event.template} code=${event.exitCode} signal=${event.signal}`;
    case "TemplateFailed":
      return `${event.type} template=${event.template} code=${event.code}`;
    case "TemplateViolated":
      return `${event.type} template=${event.template} ${event.detail}`;
    case "ConnectionsMoved":
      return `${event.type} ${nameOf(event.from)} ${event.count}`;
    default:
      return `${event.type} ${nameOf(event.worker)}`;
  }
}

/** Announcements and most notes repeat what the commands say; they are left out. */
function formatCommand(command: Command, atMs: number, nameOf: (worker: string) => string): string {
  switch (command.type) {
    case "ResolveRelease":
      return `${command.type} gen=${command.generation}`;
    case "AskWorker":
      return "";
    case "SpawnTemplate":
      return `${command.type} template=${command.template} gen=${command.generation}`;
    case "KillTemplate":
      return `${command.type} template=${command.template}`;
    case "SpawnWorker":
      return `${command.type} ${nameOf(command.worker)}${command.template === null ? "" : ` from=${command.template}`}`;
    case "AdmitWorker":
    case "ExamineWorker":
    case "KillWorker":
      return `${command.type} ${nameOf(command.worker)}`;
    case "DrainWorker":
      return `${command.type} ${nameOf(command.worker)} deadline=${time(atMs + command.timeoutMs)}`;
    case "SettleStart":
    case "SettleScale":
      return `${command.type}${command.reason === null ? "" : ` reason=${command.reason.code}`}`;
    case "SettleRoll": {
      const { id, result, reason } = command.result;
      return `${command.type} ${id} ${result}${reason === undefined ? "" : ` reason=${reason.code}`}`;
    }
    case "SettleStop":
      return command.type;
    case "Note":
      return command.message.startsWith("dropped: stale") ? "dropped: stale" : "";
    case "CloseSlot":
    case "Publish":
      return "";
  }
}

/** Whole numbers as they are, others with thousandths. */
function time(atMs: number): string {
  return String(Math.round(atMs * 1_000) / 1_000);
}
