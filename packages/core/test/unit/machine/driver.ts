// Drives the machine by hand and writes one line per event: what came in, what was commanded. Spawning and releases are
// answered by the test itself, so that each trace shows exactly what the machine decided.
import type { Command } from "../../../src/machine/commands.ts";
import type { MachineConfig } from "../../../src/machine/config.ts";
import type { MachineEvent, TemplateEvent, WorkerEvent } from "../../../src/machine/events.ts";
import { createMachine } from "../../../src/machine/machine.ts";
import { NO_USAGE, type Release, type TemplateId, type WorkerId } from "../../../src/machine/names.ts";

export const CONFIG: MachineConfig = {
  desired: 2,
  bootTimeoutMs: 30_000,
  minHealthyMs: 1_000,
  drainTimeoutMs: 30_000,
  heartbeatTimeoutMs: 6_000,
  maxSurge: 1,
  maxUnavailable: 0,
  maxFailures: 3,
  bootConcurrency: 64,
  onReleaseChanged: "warn",
  template: null,
  recycle: { requests: null, jitter: 0, memoryBytes: null, ageMs: null, eventLoopDelayMs: null },
  canary: null,
};

export const releaseOf = (generation: number): Release => ({
  entry: `/srv/r${generation}/app.js`,
  version: `${generation}.0.0`,
  folder: `/srv/r${generation}`,
  fingerprint: `f${generation}`,
});

type Unsigned<Event> = Event extends unknown ? Omit<Event, "worker" | "generation" | "template"> : never;

export function drive(config: Partial<MachineConfig> = {}) {
  const machine = createMachine({ ...CONFIG, ...config });
  const generations = new Map<WorkerId, number>();
  const templates = new Map<TemplateId, number>();
  const trace: string[] = [];
  const settled: Command[] = [];
  let atMs = 0;
  let entropy = 0.5;

  const step = (event: MachineEvent): void => {
    const commands = machine.step(event, { atMs, entropy });
    for (const command of commands) {
      if (command.type === "SpawnWorker") generations.set(command.worker, command.generation);
      if (command.type === "SpawnTemplate") templates.set(command.template, command.generation);
      if (command.type.startsWith("Settle")) settled.push(command);
    }
    const shown = commands.map(showCommand).filter((line) => line !== null);
    trace.push(`t=${atMs} ${showEvent(event)}${shown.length === 0 ? "" : ` -> ${shown.join("; ")}`}`);
  };

  const driver = {
    machine,
    trace,
    settled,
    step,
    at(nextMs: number) {
      atMs = nextMs;
      return driver;
    },
    entropy(next: number) {
      entropy = next;
      return driver;
    },
    worker(worker: WorkerId, event: Unsigned<WorkerEvent>) {
      step({ worker, generation: generations.get(worker) ?? 0, ...event } as WorkerEvent);
      return driver;
    },
    hello(
      worker: WorkerId,
      change: Partial<{ generation: number; release: Release; worker: WorkerId }> = {},
    ) {
      const generation = generations.get(worker) ?? 0;
      const reported = {
        worker,
        generation,
        release: releaseOf(generation),
        pid: 100 + Number(worker.slice(1)),
        ...change,
      };
      return driver.worker(worker, { type: "WorkerReported", reported });
    },
    template(template: TemplateId, event: Unsigned<TemplateEvent>) {
      step({ template, ...event } as TemplateEvent);
      return driver;
    },
    templateHello(template: TemplateId, change: Partial<{ generation: number; release: Release }> = {}) {
      const generation = templates.get(template) ?? 0;
      const reported = { template, generation, release: releaseOf(generation), pid: 50, ...change };
      return driver.template(template, { type: "TemplateReported", reported });
    },
    templateReady(template: TemplateId) {
      return driver.templateHello(template).template(template, { type: "TemplateReady" });
    },
    templateExit(template: TemplateId, exitCode: number | null = null, signal: string | null = "SIGKILL") {
      return driver.template(template, { type: "TemplateExited", exitCode, signal, stderr: "" });
    },
    ready(...workers: WorkerId[]) {
      for (const worker of workers) driver.hello(worker).worker(worker, { type: "WorkerReady" });
      return driver;
    },
    beat(worker: WorkerId, usage: Partial<typeof NO_USAGE> = {}) {
      return driver.worker(worker, { type: "WorkerHeartbeat", usage: { ...NO_USAGE, ...usage } });
    },
    exit(worker: WorkerId, exitCode: number | null = 0, signal: string | null = null, stderr = "") {
      return driver.worker(worker, { type: "WorkerExited", exitCode, signal, stderr });
    },
    deadlines() {
      step({ type: "DeadlinesReached", dueAtMs: atMs });
      return driver;
    },
    start() {
      step({ type: "StartRequested", entry: "/srv/current/app.js" });
      step({ type: "ReleaseResolved", generation: 1, release: releaseOf(1) });
      if (machine.world.config.template !== null) driver.templateReady("t1");
      const { desired } = machine.world;
      for (let number = 1; number <= desired; number += 1) driver.ready(`w${number}`);
      return driver;
    },
    /** @param settings  as they were read anew */
    restart(generation: number, settings: Partial<MachineConfig> = {}) {
      step({ type: "RestartRequested", requestId: `r${generation}`, entry: null });
      const read = { ...machine.world.config, ...settings };
      step({ type: "ReleaseResolved", generation, release: releaseOf(generation), config: read });
      return driver;
    },
    /** Forgets the trace so far. */
    fresh() {
      trace.length = 0;
      return driver;
    },
    /** `slot=0: w3 gen=2 ready` for every live worker. */
    seats(): string[] {
      return machine
        .snapshot(atMs)
        .workers.map((each) => `${each.slot}:${each.worker}/g${each.requestedGeneration} ${each.state}`);
    },
  };
  return driver;
}

function showEvent(event: MachineEvent): string {
  const { type, ...fields } = event;
  if ("template" in fields) return `${type} ${fields.template}`;
  if ("worker" in fields) return `${type} ${fields.worker} g${fields.generation}`;
  if ("generation" in fields) return `${type} g${fields.generation}`;
  return type;
}

function showCommand(command: Command): string | null {
  switch (command.type) {
    case "CloseSlot":
      return `CloseSlot slot=${command.slot}`;
    case "Publish":
      return null;
    case "Note":
      return command.level === "debug" ? command.message : null;
    case "SpawnWorker":
      return `SpawnWorker ${command.worker} slot=${command.slot} g${command.generation}${command.template === null ? "" : ` from ${command.template}`}`;
    case "SpawnTemplate":
      return `SpawnTemplate ${command.template} g${command.generation}`;
    case "KillTemplate":
      return `KillTemplate ${command.template}`;
    case "SettleRoll": {
      const { result, replaced, reason } = command.result;
      return `SettleRoll ${result} replaced=${replaced}${reason === undefined ? "" : ` ${reason.code}`}`;
    }
    case "SettleStart":
      return `SettleStart ${command.reason?.code ?? "ok"}`;
    case "SettleScale":
      return `SettleScale ${command.reason?.code ?? "ok"}`;
    case "ResolveRelease":
      return `ResolveRelease g${command.generation}`;
    case "SettleStop":
      return "SettleStop";
    default:
      return `${command.type} ${command.worker}`;
  }
}
