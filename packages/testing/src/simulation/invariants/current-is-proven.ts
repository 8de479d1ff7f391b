// One current worker a slot; it is ready, and it reported exactly the worker and the generation it was ordered as. What
// it really runs is that generation's code: the label is never the supervisor's guess.

import type { Slot, Worker } from "@brood/core/engine";
import type { Observation } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

export function currentIsProven(): Invariant {
  return {
    name: "current-is-proven",
    check(observation) {
      for (const slot of observation.world.registry.slots.values()) {
        const wrong = wrongCurrent(slot, observation) ?? wrongIncoming(slot);
        if (wrong !== null) return wrong;
      }
      return null;
    },
  };
}

function wrongCurrent({ index, current }: Slot, { workers }: Observation): string | null {
  if (current === null) return null;
  const { id, generation, reported, state, role, slot } = current;
  const name = `current worker=${id} slot=${index} gen=${generation}`;
  if (state !== "ready") return `${name} is ${state}`;
  if (role !== "current" || slot !== index) return `${name} is listed as ${role} of slot=${slot}`;
  if (reported === null) return `${name} never reported who it is`;
  if (reported.generation !== generation || reported.worker !== id) {
    return `${name} reported worker=${reported.worker} gen=${reported.generation}`;
  }
  const truth = workers.get(id);
  if (truth === undefined || truth.generation === generation) return null;
  return `${name} really runs gen=${truth.generation}`;
}

function wrongIncoming({ index, current, incoming }: Slot): string | null {
  if (incoming === null) return null;
  if (isSeatedAs(incoming, "incoming") && incoming !== current && incoming.slot === index) return null;
  return `incoming worker=${incoming.id} slot=${index} is ${incoming.role} and ${incoming.state}`;
}

function isSeatedAs({ role, state }: Worker, seat: "incoming"): boolean {
  return role === seat && (state === "spawning" || state === "booting" || state === "ready");
}
