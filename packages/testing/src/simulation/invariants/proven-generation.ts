// Promise 4: only the canary runs an unproven generation. Until it has proven itself, and after the roll has failed,
// every spawn is of the last good one.

import type { World } from "@brood/core/engine";
import { commandsOf } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

export function provenGeneration(): Invariant {
  return {
    name: "proven-generation",
    check(observation) {
      const { world } = observation;
      for (const { worker, slot, generation } of commandsOf(observation, "SpawnWorker")) {
        if (isAllowed(world, worker, generation)) continue;
        const roll = world.roll === null ? "no roll" : `${world.roll.id} ${world.roll.step}`;
        return `worker=${worker} slot=${slot} is spawned on gen=${generation}: ${roll}, last good gen=${world.lastGood}`;
      }
      return crowdedCanary(world);
    },
  };
}

function isAllowed({ roll, lastGood }: World, worker: string, generation: number): boolean {
  if (roll?.step === "rolling") return generation === roll.to;
  if (generation === Math.max(1, lastGood)) return true;
  return roll?.step === "canary" && generation === roll.to && worker === roll.canary;
}

function crowdedCanary({ roll, registry }: World): string | null {
  if (roll === null || roll.step !== "canary") return null;
  const seated = [...registry.workers.values()].filter(
    ({ generation, role }) => generation === roll.to && role !== "leaving",
  );
  return seated.length > 1 ? `${seated.length} workers of gen=${roll.to} before it has proven itself` : null;
}
