// Promise 4: of a new generation one worker, the canary, may open until that has been ready and healthy for `minHealthyMs`.
// Others may boot at the end of that time, beside current workers: as long before as the canary took, or where they take turns
// for as many turns, half of that time at most. They are not admitted before. Until then, and after the roll has failed, every
// other spawn is of the last good one. Kept by its own record of who was spawned, admitted and ready when, not by the step that
// the machine believes to be in.

import type { Generation, Worker, WorkerId, World } from "@brood/core/engine";
import { commandsOf, type Observation } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

interface Record {
  readonly spawnedAtMs: Map<WorkerId, number>;
  readonly readyAtMs: Map<WorkerId, number>;
  /** Of one that is ready, should it be a canary: when others may boot beside it. */
  readonly followedAtMs: Map<WorkerId, number>;
  readonly admitted: Set<WorkerId>;
  readonly proven: Set<Generation>;
}

export function provenGeneration(): Invariant {
  const record: Record = {
    spawnedAtMs: new Map(),
    readyAtMs: new Map(),
    followedAtMs: new Map(),
    admitted: new Set(),
    proven: new Set([1]),
  };
  return {
    name: "proven-generation",
    check(observation) {
      noteReady(observation, record);
      for (const { worker, slot } of commandsOf(observation, "SpawnWorker")) {
        const wrong = unprovenSpawn(observation, worker, record);
        if (wrong !== null) return `worker=${worker} slot=${slot} is spawned ${wrong}`;
        record.spawnedAtMs.set(worker, observation.atMs);
      }
      for (const { worker } of commandsOf(observation, "AdmitWorker")) {
        const wrong = unprovenAdmission(observation, worker, record);
        if (wrong !== null) return `worker=${worker} is admitted ${wrong}`;
        record.admitted.add(worker);
      }
      return null;
    },
  };
}

function noteReady({ atMs, event, world }: Observation, record: Record): void {
  const { readyAtMs, followedAtMs, spawnedAtMs, proven } = record;
  if (event.type === "WorkerReady") {
    readyAtMs.set(event.worker, atMs);
    const tookMs = atMs - (spawnedAtMs.get(event.worker) ?? Number.NEGATIVE_INFINITY);
    followedAtMs.set(event.worker, atMs + Math.max(0, world.config.minHealthyMs - bootsMs(world, tookMs)));
  }
  if (event.type === "WorkerExited") {
    for (const each of [readyAtMs, followedAtMs, spawnedAtMs, record.admitted]) each.delete(event.worker);
  }
  for (const [id, since] of readyAtMs) {
    const worker = world.registry.workers.get(id);
    if (worker !== undefined && atMs < since + worker.config.minHealthyMs) continue;
    if (worker !== undefined) proven.add(worker.generation);
    readyAtMs.delete(id);
  }
}

/** Why nothing more of this generation may start; null when it is the last good one, or one that is tried. */
function untried({ world }: Observation, generation: Generation): string | null {
  const { roll, lastGood } = world;
  if (generation === Math.max(1, lastGood)) return null;
  if (roll === null || roll.to !== generation) return `while the last good one is gen=${lastGood}`;
  return roll.step === "reverting" ? "after it has failed" : null;
}

function unprovenSpawn(observation: Observation, id: WorkerId, record: Record): string | null {
  const found = wanted(observation, id);
  if (found === null) return null;
  const { generation } = found;
  const why = untried(observation, generation);
  if (why !== null) return `on gen=${generation} ${why}`;
  const others = othersOf(observation, found);
  if (isProven(observation, generation, record) || others.length === 0) return null;
  if (mayFollow(observation, found, others, record)) return null;
  return `on gen=${generation} beside worker=${others[0]?.id}, before any has been healthy for long enough`;
}

/** Is there one canary, ready, and is the rest of its watch no longer than all that may boot beside it need? */
function mayFollow(
  { atMs, world }: Observation,
  { slot, generation }: Worker,
  others: readonly Worker[],
  { readyAtMs, followedAtMs }: Record,
): boolean {
  const { config, registry } = world;
  const current = registry.slots.get(slot)?.current ?? null;
  const canaries = others.filter(({ id }) => readyAtMs.has(id));
  const [canary] = canaries;
  if (config.canary !== null || current === null || current.generation === generation) return false;
  if (canary === undefined || canaries.length > 1) return false;
  return atMs >= (followedAtMs.get(canary.id) ?? Number.POSITIVE_INFINITY);
}

/** How long all others that may surge boot, by what one took. */
function bootsMs({ config, registry }: World, tookMs: number): number {
  const turns = Math.ceil(Math.min(config.maxSurge, registry.slots.size - 1) / config.bootConcurrency);
  return Math.max(tookMs, Math.min(turns * tookMs, config.minHealthyMs / 2));
}

function unprovenAdmission(observation: Observation, id: WorkerId, record: Record): string | null {
  const found = wanted(observation, id);
  if (found === null) return null;
  const { generation } = found;
  const why = untried(observation, generation);
  if (why !== null) return `on gen=${generation} ${why}`;
  if (isProven(observation, generation, record)) return null;
  const [other] = othersOf(observation, found).filter(({ id: each }) => record.admitted.has(each));
  if (other === undefined) return null;
  return `on gen=${generation} beside worker=${other.id}, before any has been healthy for long enough`;
}

function isProven({ world }: Observation, generation: Generation, { proven }: Record): boolean {
  return generation === Math.max(1, world.lastGood) || proven.has(generation);
}

/** Unless it is on its way out again. */
function wanted({ world }: Observation, id: WorkerId): Worker | null {
  const worker = world.registry.workers.get(id);
  return worker === undefined || worker.role === "leaving" ? null : worker;
}

function othersOf({ world }: Observation, { id, generation }: Worker): readonly Worker[] {
  return [...world.registry.workers.values()].filter(
    (other) => other.generation === generation && other.id !== id && other.role !== "leaving",
  );
}
