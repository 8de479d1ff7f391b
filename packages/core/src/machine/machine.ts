// The functional core: one event and its moment in, commands out. Deterministic and synchronous; it may change its own
// world, never anything else. The one stale gate stands here: an event about a worker that is not, or not any more,
// the one of that generation is dropped and counted before any handler sees it.

import type { Command } from "./commands.ts";
import type { MachineConfig } from "./config.ts";
import { handleDeadlines } from "./deadline-events.ts";
import type { ConnectionsMoved, MachineEvent, Moment, TemplateEvent, WorkerEvent } from "./events.ts";
import type { Milliseconds } from "./names.ts";
import type { Worker } from "./registry.ts";
import { handleRelease, handleRequest } from "./requests.ts";
import { settle } from "./settlement.ts";
import { type MachineSnapshot, snapshotOf } from "./snapshot.ts";
import { handleTemplateEvent } from "./template-events.ts";
import type { Template } from "./template-registry.ts";
import { handleWorkerEvent } from "./worker-events.ts";
import { beginTurn, createWorld, type Turn, type World } from "./world.ts";

export interface Machine {
  /** Handles one event; the commands are to be performed in order. Never throws but for a defect of its own. */
  step(event: MachineEvent, moment: Moment): readonly Command[];
  /** When `DeadlinesReached` is wanted next, or null. May be earlier than needed, never later. */
  nextDeadlineAtMs(): Milliseconds | null;
  snapshot(atMs: Milliseconds): MachineSnapshot;
  /** For the invariant checks of tests. */
  readonly world: World;
}

export function createMachine(config: MachineConfig): Machine {
  const world = createWorld(config);
  return {
    step(event, moment) {
      const turn = beginTurn(world, moment);
      dispatch(turn, event);
      settle(turn);
      return turn.commands;
    },
    nextDeadlineAtMs: () => (world.phase === "stopped" ? null : world.deadlines.nextAtMs),
    snapshot: (atMs) => snapshotOf(world, atMs),
    world,
  };
}

function dispatch(turn: Turn, event: MachineEvent): void {
  switch (event.type) {
    case "StartRequested":
    case "RestartRequested":
    case "ScaleRequested":
    case "StopAnnounced":
    case "StopRequested":
      return handleRequest(turn, event);
    case "ReleaseResolved":
    case "ReleaseRejected":
      return handleRelease(turn, event);
    case "DeadlinesReached":
      return handleDeadlines(turn, event);
    case "ConnectionsMoved":
      return countMoved(turn.world, event);
    case "TemplateSpawned":
    case "TemplateSpawnFailed":
    case "TemplateReported":
    case "TemplateReady":
    case "TemplateHeartbeat":
    case "TemplateFailed":
    case "TemplateViolated":
    case "TemplateExited": {
      const template = passTemplateGate(turn, event);
      if (template !== null) handleTemplateEvent(turn, template, event);
      return;
    }
    default: {
      const worker = passGate(turn, event);
      if (worker !== null) handleWorkerEvent(turn, worker, event);
    }
  }
}

/** Not through the gate: a worker that has died in between has moved them all the same. */
function countMoved({ registry, counters, roll }: World, { from, count }: ConnectionsMoved): void {
  const worker = registry.workers.get(from);
  counters.moved += count;
  if (roll !== null) roll.moved += count;
  if (worker !== undefined) worker.moved += count;
}

/** The stale gate. */
function passGate(turn: Turn, event: WorkerEvent): Worker | null {
  const worker = turn.world.registry.workers.get(event.worker);
  if (worker !== undefined && worker.generation === event.generation) return worker;
  dropStale(turn, `${event.type} worker=${event.worker} gen=${event.generation}`);
  return null;
}

/** The same for templates, whose ids are never reused and belong to one generation for ever. */
function passTemplateGate(turn: Turn, event: TemplateEvent): Template | null {
  const template = turn.world.templates.alive.get(event.template);
  if (template !== undefined) return template;
  dropStale(turn, `${event.type} template=${event.template}`);
  return null;
}

function dropStale(turn: Turn, what: string): void {
  turn.world.counters.staleEvents += 1;
  turn.commands.push({ type: "Note", level: "debug", message: `dropped: stale ${what}` });
}
