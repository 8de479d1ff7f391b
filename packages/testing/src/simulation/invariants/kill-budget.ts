// At most a quarter of the slots, at least one, may at the same time wait for the replacement of a worker that was
// killed for its silence: when a host starves, mass executions only make it worse.

import type { SlotIndex, WorkerId } from "@brood/core/engine";
import { commandsOf } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

export function killBudget(): Invariant {
  const condemned = new Set<WorkerId>();
  const waiting = new Set<SlotIndex>();
  return {
    name: "kill-budget",
    check(observation) {
      const { registry, desired } = observation.world;
      for (const index of waiting) if (!registry.slots.has(index)) waiting.delete(index);
      for (const { announcement } of commandsOf(observation, "Publish")) {
        if (announcement.name === "worker:ready") waiting.delete(announcement.event.slot);
      }
      let isNew = false;
      for (const { id, slot, fault } of registry.workers.values()) {
        if (fault?.code !== "BROOD_HEARTBEAT_TIMEOUT" || condemned.has(id)) continue;
        condemned.add(id);
        isNew = true;
        if (registry.slots.get(slot)?.current === null) waiting.add(slot);
      }
      const budget = Math.max(1, Math.ceil(desired / 4));
      if (!isNew || waiting.size <= budget) return null;
      return `${waiting.size} of ${desired} slots wait after a kill for silence, the budget is ${budget}`;
    },
  };
}
