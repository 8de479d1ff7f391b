// Every slot wanted exists, and an empty one is queued for a permit to boot or waits for its back-off to end; there is no
// third way to be empty.

import type { Slot } from "@brood/core/engine";
import type { Observation } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

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

function forgotten(slot: Slot, { atMs, world, nextDeadlineAtMs }: Observation): string | null {
  if (slot.current !== null || slot.incoming !== null) return null;
  const { registry, vacant, config } = world;
  if (vacant.has(slot.index)) {
    return registry.booting < config.bootConcurrency ? "though a worker may boot" : null;
  }
  const untilMs = slot.backingOffUntilAtMs;
  if (untilMs === null) return "and neither queued nor backing off";
  if (nextDeadlineAtMs !== null && nextDeadlineAtMs <= Math.max(untilMs, atMs)) return null;
  return `until ${untilMs}, but the timer is set for ${nextDeadlineAtMs}`;
}
