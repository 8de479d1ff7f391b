// The functional core: one event and its moment in, commands out. Deterministic and synchronous; it may change its own
// world, never anything else. The one stale gate stands here: an event about a worker that is not, or not any more,
// the one of that generation is dropped and counted before any handler sees it.

import type { Command } from "./commands.ts";
import type { MachineConfig } from "./config.ts";
import { handleDeadlines } from "./deadline-events.ts";
import type { MachineEvent, Moment, WorkerEvent } from "./events.ts";
import type { Milliseconds } from "./names.ts";
import type { Worker } from "./registry.ts";
import { handleRelease, handleRequest } from "./requests.ts";
import { settle } from "./settlement.ts";
import { type MachineSnapshot, snapshotOf } from "./snapshot.ts";
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
    case "StopRequested":
      return handleRequest(turn, event);
    case "ReleaseResolved":
    case "ReleaseRejected":
      return handleRelease(turn, event);
    case "DeadlinesReached":
      return handleDeadlines(turn, event);
    default: {
      const worker = passGate(turn, event);
      if (worker !== null) handleWorkerEvent(turn, worker, event);
    }
  }
}

/** The stale gate. */
function passGate(turn: Turn, event: WorkerEvent): Worker | null {
  const worker = turn.world.registry.workers.get(event.worker);
  if (worker !== undefined && worker.generation === event.generation) return worker;
  turn.world.counters.staleEvents += 1;
  turn.commands.push({
    type: "Note",
    level: "debug",
    message: `dropped: stale ${event.type} worker=${event.worker} gen=${event.generation}`,
  });
  return null;
}
