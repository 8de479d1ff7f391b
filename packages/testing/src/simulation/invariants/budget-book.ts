// An account of the kill budget, kept from events alone: which slots wait for the replacement of a worker that was killed
// for its silence. The machine's own account is under test and not looked at.

import type { SlotIndex, WorkerId } from "@brood/core/engine";
import { commandsOf, type Observation } from "../observation.ts";

export interface BudgetBook {
  /** Takes a step in. Returns those condemned for silence in it. */
  note(observation: Observation): readonly WorkerId[];
  /** Slots that wait. */
  readonly waiting: ReadonlySet<SlotIndex>;
}

/** How many slots may wait at the same time. */
export function budgetOf({ world }: Observation): number {
  return Math.max(1, Math.ceil(world.desired / 4));
}

export function createBudgetBook(): BudgetBook {
  const condemned = new Set<WorkerId>();
  const waiting = new Set<SlotIndex>();
  return {
    waiting,
    note(observation) {
      const { registry } = observation.world;
      for (const index of waiting) if (!registry.slots.has(index)) waiting.delete(index);
      for (const { announcement } of commandsOf(observation, "Publish")) {
        if (announcement.name === "worker:ready") waiting.delete(announcement.event.slot);
      }
      const fresh = [...registry.workers.values()].filter(
        ({ id, fault }) => fault?.code === "BROOD_HEARTBEAT_TIMEOUT" && !condemned.has(id),
      );
      for (const { id, slot } of fresh) {
        condemned.add(id);
        if (registry.slots.get(slot)?.current === null) waiting.add(slot);
      }
      return fresh.map(({ id }) => id);
    },
  };
}
