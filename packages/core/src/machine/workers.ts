// What can be done with one worker, each a small step that leaves registry, deadlines and commands in agreement.
// Every state that is entered here gets its deadline here.

import type { Announcement, WorkerIdentity } from "./commands.ts";
import { KILL_AGAIN_AFTER_MS } from "./config.ts";
import { invariant } from "./invariant.ts";
import { isDraining, NEXT, type WorkerInput } from "./lifecycle.ts";
import { type FailureReason, type Generation, NO_USAGE, type WorkerState } from "./names.ts";
import { nameOf } from "./reasons.ts";
import type { Slot, Worker } from "./registry.ts";
import type { Turn } from "./world.ts";

/** Orders a worker for the slot, as its incoming one. */
export function spawnInto(turn: Turn, slot: Slot, generation: Generation): Worker {
  const { world, atMs } = turn;
  const pinned = world.pinned.get(generation);
  invariant(pinned !== undefined, `generation ${generation} has no release`);
  invariant(slot.incoming === null, `slot ${slot.index} has an incoming worker already`);
  const template = world.templates.readyOf(generation)?.id ?? null;
  const serial = world.nextWorker++;
  const { release, config } = pinned;
  const worker: Worker = {
    id: `w${serial}`,
    serial,
    next: null,
    slot: slot.index,
    generation,
    release,
    config,
    template,
    spawnedAtMs: atMs,
    role: "incoming",
    state: "spawning",
    reportedGeneration: null,
    releaseChanged: false,
    pid: null,
    readyAtMs: null,
    stateDeadlineAtMs: Number.POSITIVE_INFINITY,
    deadlineSetAtMs: atMs,
    isSpared: false,
    lastHeartbeatAtMs: atMs,
    silence: null,
    usage: NO_USAGE,
    answers: null,
    slowBeats: 0,
    moved: 0,
    requestsLimit: null,
    recycleAtMs: null,
    fault: null,
  };
  world.registry.seat(slot, worker);
  world.vacant.delete(slot.index);
  world.counters.spawned += 1;
  if (world.config.template !== null && template === null) world.counters.fallbacks += 1;
  setDeadline(turn, worker, config.bootTimeoutMs);
  turn.commands.push({
    type: "SpawnWorker",
    worker: worker.id,
    slot: slot.index,
    generation,
    release,
    config,
    template,
    bootTimeoutMs: config.bootTimeoutMs,
  });
  announce(turn, { name: "worker:spawned", event: identityOf(worker) });
  return worker;
}

/** Its own report has matched: it may open as soon as it has booted. */
export function admit(turn: Turn, worker: Worker): void {
  advance(turn, worker, "Admitted");
  turn.commands.push({ type: "AdmitWorker", worker: worker.id });
}

/** Puts an input of our own to the table; an illegal cell is our defect. */
function advance(turn: Turn, worker: Worker, input: WorkerInput): WorkerState {
  const next = NEXT[worker.state][input];
  invariant(next !== null, `${nameOf(worker)} cannot take ${input} in state ${worker.state}`);
  turn.world.registry.enter(worker, next);
  return next;
}

/** Asks a worker to leave: a ready one drains, one that does not serve yet is ended at once. */
export function dismiss(turn: Turn, worker: Worker): void {
  const { world } = turn;
  if (isDraining(worker.state) || worker.state === "killing") return;
  world.registry.leave(worker);
  if (advance(turn, worker, "DrainRequested") === "draining") drain(turn, worker);
  else commandKill(turn, worker);
}

/** A ready worker has begun to drain, asked or on its own: it learns its deadline. */
export function drain(turn: Turn, worker: Worker): void {
  const { drainTimeoutMs } = worker.config;
  setDeadline(turn, worker, drainTimeoutMs);
  turn.commands.push({ type: "DrainWorker", worker: worker.id, timeoutMs: drainTimeoutMs });
  announce(turn, { name: "worker:draining", event: identityOf(worker) });
}

/** Ends a worker without its cooperation, for a fault or (null) because it must be gone now. */
export function kill(turn: Turn, worker: Worker, fault: FailureReason | null): void {
  turn.world.registry.leave(worker);
  worker.fault ??= fault;
  if (worker.state === "killing") return;
  advance(turn, worker, "KillRequested");
  commandKill(turn, worker);
}

/** Kills, and once more at each deadline until the end is reported. */
function commandKill(turn: Turn, worker: Worker): void {
  turn.world.counters.killed += 1;
  killAgain(turn, worker);
}

export function killAgain(turn: Turn, worker: Worker): void {
  setDeadline(turn, worker, KILL_AGAIN_AFTER_MS);
  turn.commands.push({ type: "KillWorker", worker: worker.id });
}

export function setDeadline(turn: Turn, worker: Worker, afterMs: number): void {
  worker.isSpared = false;
  worker.deadlineSetAtMs = turn.atMs;
  lengthenDeadline(turn, worker, afterMs);
}

/** The same state goes on for so long from now. */
export function lengthenDeadline(turn: Turn, worker: Worker, afterMs: number): void {
  worker.stateDeadlineAtMs = turn.atMs + afterMs;
  turn.world.deadlines.push({ kind: "state", subject: worker.serial, atMs: worker.stateDeadlineAtMs });
}

export function identityOf(worker: Worker): WorkerIdentity {
  return { slot: worker.slot, worker: worker.id, generation: worker.generation, pid: worker.pid };
}

export function announce(turn: Turn, announcement: Announcement): void {
  turn.commands.push({ type: "Publish", announcement });
}

export function note(turn: Turn, level: "debug" | "warn" | "error", message: string): void {
  turn.commands.push({ type: "Note", level, message });
}
