// One current worker a slot; it is ready, and it reported exactly the worker and the generation it was ordered as. What
// it really runs is that generation's code, and it really has opened: neither is ever the supervisor's guess.

import type { Slot, Worker, WorkerId } from "@brood/core/engine";
import type { Observation } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

export function currentIsProven(): Invariant {
  /** Whom each worker first said to be. */
  const claimed = new Map<WorkerId, WorkerId>();
  return {
    name: "current-is-proven",
    check(observation) {
      const { event } = observation;
      if (event.type === "WorkerReported" && !claimed.has(event.worker))
        claimed.set(event.worker, event.reported.worker);
      if (event.type === "WorkerExited") claimed.delete(event.worker);
      for (const slot of observation.world.registry.slots.values()) {
        const wrong = wrongCurrent(slot, observation, claimed) ?? wrongIncoming(slot);
        if (wrong !== null) return wrong;
      }
      return null;
    },
  };
}

function wrongCurrent(
  { index, current }: Slot,
  { workers }: Observation,
  claimed: ReadonlyMap<WorkerId, WorkerId>,
): string | null {
  if (current === null) return null;
  const { id, generation, reportedGeneration, state, role, slot } = current;
  const name = `current worker=${id} slot=${index} gen=${generation}`;
  if (state !== "ready") return `${name} is ${state}`;
  if (role !== "current" || slot !== index) return `${name} is listed as ${role} of slot=${slot}`;
  if (reportedGeneration === null) return `${name} never reported who it is`;
  if (reportedGeneration !== generation || claimed.get(id) !== id)
    return `${name} reported worker=${claimed.get(id)} gen=${reportedGeneration}`;
  const truth = workers.get(id);
  if (truth === undefined) return null;
  if (truth.generation !== generation) return `${name} really runs gen=${truth.generation}`;
  return truth.hasOpened ? null : `${name} has never opened`;
}

function wrongIncoming({ index, current, incoming }: Slot): string | null {
  if (incoming === null) return null;
  if (isIncoming(incoming) && incoming !== current && incoming.slot === index) return null;
  return `incoming worker=${incoming.id} slot=${index} is ${incoming.role} and ${incoming.state}`;
}

function isIncoming({ role, state }: Worker): boolean {
  return role === "incoming" && ["spawning", "held", "waiting", "booting", "ready"].includes(state);
}
