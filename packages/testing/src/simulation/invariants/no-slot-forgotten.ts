// Every slot wanted exists, and an empty one is queued for a permit to boot (which no worker has that waits for a canary),
// waits for its back-off to end, or for its generation's template, which is on its way; there is no fourth way to be empty.

import type { Generation, Slot, World } from "@brood/core/engine";
import type { Observation } from "../observation.ts";
import type { Invariant } from "./invariant.ts";
import { isOnItsWay } from "./template-on-its-way.ts";

export function noSlotForgotten(): Invariant {
  return {
    name: "no-slot-forgotten",
    check(observation) {
      const { phase, registry, desired } = observation.world;
      const isFilling = phase === "running" || (phase === "starting" && registry.slots.size > 0);
      if (!isFilling) return null;
      if (registry.slots.size !== desired)
        return `${registry.slots.size} slots exist, ${desired} are desired`;
      for (const slot of registry.slots.values()) {
        const wrong = forgotten(slot, observation);
        if (wrong !== null) return `slot=${slot.index} is empty ${wrong}`;
      }
      return null;
    },
  };
}

function forgotten(slot: Slot, observation: Observation): string | null {
  const { atMs, world, nextDeadlineAtMs } = observation;
  if (slot.current !== null || slot.incoming !== null) return null;
  const { registry, vacant, config } = world;
  if (vacant.has(slot.index)) {
    const generation = world.roll?.step === "rolling" ? world.roll.to : Math.max(1, world.lastGood);
    if (registry.booting >= config.bootConcurrency) {
      const isTaken = [...registry.workers.values()].some(({ state }) => state === "held");
      return isTaken && maySpawn(world, generation) ? "while a follower has a permit to boot" : null;
    }
    if (maySpawn(world, generation)) return "though a worker may boot";
    return isOnItsWay(observation, generation) ? null : `and gen=${generation} has no template on its way`;
  }
  const untilMs = slot.backingOffUntilAtMs;
  if (untilMs === null) return "and neither queued nor backing off";
  if (nextDeadlineAtMs !== null && nextDeadlineAtMs <= Math.max(untilMs, atMs)) return null;
  return `until ${untilMs}, but the timer is set for ${nextDeadlineAtMs}`;
}

function maySpawn({ config, templates }: World, generation: Generation): boolean {
  if (config.template === null) return true;
  const seat = templates.seats.get(generation);
  if (seat?.template?.state === "ready") return true;
  return config.template.fallback === "fresh" && seat?.hasBeenReady === true;
}
