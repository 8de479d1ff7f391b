// Promise 4: a new generation has one worker, the canary, until that has been ready and healthy for `minHealthyMs`. Until
// then, and after the roll has failed, every other spawn is of the last good one. Kept by its own record of who became
// ready when, not by the step that the machine believes to be in.

import type { Generation, WorkerId, World } from "@brood/core/engine";
import { commandsOf, type Observation } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

export function provenGeneration(): Invariant {
  const proven = new Set<Generation>([1]);
  const readyAtMs = new Map<WorkerId, number>();
  return {
    name: "proven-generation",
    check(observation) {
      const { world } = observation;
      noteReady(observation, readyAtMs, proven);
      for (const { worker, slot, generation } of commandsOf(observation, "SpawnWorker")) {
        const wrong = unproven(world, worker, generation, proven);
        if (wrong !== null) return `worker=${worker} slot=${slot} is spawned on gen=${generation} ${wrong}`;
      }
      return null;
    },
  };
}

function noteReady(
  { atMs, event, world }: Observation,
  readyAtMs: Map<WorkerId, number>,
  proven: Set<Generation>,
): void {
  if (event.type === "WorkerReady") readyAtMs.set(event.worker, atMs);
  if (event.type === "WorkerExited") readyAtMs.delete(event.worker);
  for (const [id, since] of readyAtMs) {
    if (atMs < since + world.config.minHealthyMs) continue;
    const worker = world.registry.workers.get(id);
    if (worker !== undefined) proven.add(worker.generation);
    readyAtMs.delete(id);
  }
}

function unproven(
  { roll, lastGood, registry }: World,
  worker: WorkerId,
  generation: Generation,
  proven: ReadonlySet<Generation>,
): string | null {
  if (generation === Math.max(1, lastGood)) return null;
  if (roll === null || roll.to !== generation) return `while the last good one is gen=${lastGood}`;
  if (roll.step === "reverting") return "after it has failed";
  const others = [...registry.workers.values()].filter(
    (other) => other.generation === generation && other.id !== worker && other.role !== "leaving",
  );
  return proven.has(generation) || others.length === 0
    ? null
    : `beside worker=${others[0]?.id}, before any has been healthy for long enough`;
}
