// What the registry looks like from outside, as plain data. Requested and reported generation stand side by side.

import type { RollView } from "./commands.ts";
import type { HeldCounts } from "./held.ts";
import type {
  Generation,
  Milliseconds,
  Release,
  RollResult,
  SlotIndex,
  TemplateState,
  WorkerId,
  WorkerState,
} from "./names.ts";
import type { Worker } from "./registry.ts";
import { viewOf } from "./roll.ts";
import { shownMs } from "./rounding.ts";
import type { Counters, World } from "./world.ts";

export interface WorkerSnapshot {
  readonly slot: SlotIndex;
  readonly worker: WorkerId;
  /** Reported by the worker itself; `null` until it has. */
  readonly generation: Generation | null;
  readonly requestedGeneration: Generation;
  readonly pid: number | null;
  /** `booting`: it has reported. */
  readonly state: Exclude<WorkerState, "held" | "waiting" | "lingering">;
  /** It drains and has answered everything: it only waits for idle connections that their clients were told they may keep. */
  readonly lingering: boolean;
  readonly readyAfterMs: Milliseconds | null;
  readonly uptimeMs: Milliseconds;
  readonly lastHeartbeatAgoMs: Milliseconds | null;
  readonly requests: number;
  readonly connections: number;
  readonly tasks: number;
  readonly rssBytes: number;
  readonly eventLoopUtilization: number;
  /** p99 since the last heartbeat, in milliseconds; 0 unless recycle.eventLoopDelayMs is set. */
  readonly eventLoopDelayMs: Milliseconds;
  /** Of the slot: milliseconds until its next spawn, 0 when none waits. */
  readonly backingOffMs: Milliseconds;
  /** It found other files than its generation pinned. */
  readonly releaseChanged: boolean;
}

export interface TemplateSnapshot {
  readonly pid: number | null;
  /** Reported by the template itself; `null` until it has. */
  readonly generation: Generation | null;
  readonly state: TemplateState;
  /** What it keeps for its workers, by kind; null until it is ready. */
  readonly held: HeldCounts | null;
}

export interface MachineSnapshot {
  readonly state: "starting" | "running" | "rolling" | "degraded" | "stopping" | "stopped";
  /** The last one that completed; the one being started before that. */
  readonly generation: Generation;
  readonly release: Release | null;
  /** What a restart can go back to, oldest first. */
  readonly generations: readonly { readonly generation: Generation; readonly release: Release }[];
  readonly desired: number;
  readonly ready: number;
  readonly roll: RollView | null;
  readonly lastRoll: RollResult | null;
  /** Of the newest generation that has one. */
  readonly template: TemplateSnapshot | null;
  readonly workers: readonly WorkerSnapshot[];
  readonly counters: Readonly<Counters>;
}

export function snapshotOf(world: World, atMs: Milliseconds): MachineSnapshot {
  const { registry, roll } = world;
  const generation = Math.max(1, world.lastGood);
  const workers = [...registry.workers.values()].sort(
    (a, b) => a.slot - b.slot || a.spawnedAtMs - b.spawnedAtMs,
  );
  return {
    state: stateOf(world),
    generation,
    release: world.pinned.get(generation)?.release ?? null,
    generations: world.history.map(({ generation: past, release }) => ({ generation: past, release })),
    desired: world.desired,
    ready: workers.filter((worker) => worker.state === "ready").length,
    roll: roll === null ? null : viewOf(world, roll),
    lastRoll: world.lastRoll,
    template: templateSnapshot(world),
    workers: workers.map((worker) => workerSnapshot(world, worker, atMs)),
    counters: { ...world.counters },
  };
}

function stateOf({ phase, roll, registry, isStopAnnounced }: World): MachineSnapshot["state"] {
  if (phase === "idle" || phase === "starting") return "starting";
  if (phase === "running" && isStopAnnounced) return "stopping";
  if (phase !== "running") return phase;
  if (roll !== null) return "rolling";
  for (const slot of registry.slots.values())
    if (slot.current === null && slot.failures > 0) return "degraded";
  return "running";
}

function templateSnapshot({ templates }: World): TemplateSnapshot | null {
  const seated = [...templates.seats.values()]
    .map(({ template }) => template)
    .filter((each) => each !== null);
  const newest = seated.sort((a, b) => b.generation - a.generation)[0];
  if (newest === undefined) return null;
  const { pid, reported, state, held } = newest;
  return { pid, generation: reported?.generation ?? null, state, held };
}

function workerSnapshot(world: World, worker: Worker, atMs: Milliseconds): WorkerSnapshot {
  const backingOffUntilAtMs = world.registry.slots.get(worker.slot)?.backingOffUntilAtMs ?? null;
  return {
    slot: worker.slot,
    worker: worker.id,
    generation: worker.reportedGeneration,
    requestedGeneration: worker.generation,
    pid: worker.pid,
    state: shownState(worker.state),
    lingering: worker.state === "lingering",
    readyAfterMs: worker.readyAtMs === null ? null : shownMs(worker.readyAtMs - worker.spawnedAtMs),
    uptimeMs: shownMs(atMs - worker.spawnedAtMs),
    lastHeartbeatAgoMs: worker.readyAtMs === null ? null : shownMs(atMs - worker.lastHeartbeatAtMs),
    ...worker.usage,
    backingOffMs: backingOffUntilAtMs === null ? 0 : shownMs(Math.max(0, backingOffUntilAtMs - atMs)),
    releaseChanged: worker.releaseChanged,
  };
}

/** What a worker is held back for is the roll's concern: it boots all the same. One that lingers drains. */
function shownState(state: WorkerState): WorkerSnapshot["state"] {
  if (state === "lingering") return "draining";
  return state === "held" || state === "waiting" ? "booting" : state;
}
