// Extra workers are bounded: at most `maxSurge` slots have two, and a replacement starts only while those and the ones
// that drain are together at most twice as many; those that `maxUnavailable` lets go first come on top. A roll that
// reverts does not wait for drains. A canary that is watched beside a current worker boots no more, and counts as one that
// drains. One that has answered everything and lingers costs nothing.

import type { SlotIndex, Worker, WorkerId } from "@brood/core/engine";
import { commandsOf, type Observation } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

export function surgeBudget(): Invariant {
  return {
    name: "surge-budget",
    check(observation) {
      const { registry, config, roll } = observation.world;
      const doubles = [...registry.slots.values()].filter(
        ({ current, incoming }) => current !== null && incoming !== null,
      );
      const booting = doubles.filter(({ incoming }) => incoming?.state !== "ready").length;
      const isExtraIn = (slot: SlotIndex, worker: WorkerId): boolean =>
        doubles.some(({ index, incoming }) => index === slot && incoming?.id === worker);
      // One that boots already when a restart brings a smaller maxSurge may go on.
      const isMore = commandsOf(observation, "SpawnWorker").some(({ slot, worker }) =>
        isExtraIn(slot, worker),
      );
      if ((isMore && booting > config.maxSurge) || doubles.length > booting + 1) {
        return `${doubles.length} slots have two workers, ${booting} of them boot, maxSurge is ${config.maxSurge}`;
      }
      if (roll?.step === "reverting") return null;
      const draining = [...registry.workers.values()].filter((worker) =>
        isBusyDraining(worker, observation),
      ).length;
      for (const { worker, slot } of commandsOf(observation, "SpawnWorker")) {
        if (
          isExtraIn(slot, worker) &&
          doubles.length + draining > 2 * config.maxSurge + config.maxUnavailable
        ) {
          return `worker=${worker} slot=${slot} is extra beside ${doubles.length} surging and ${draining} draining`;
        }
      }
      return null;
    },
  };
}

/** By the worker's own truth: what the machine thinks of it is under test. */
function isBusyDraining({ id, state }: Worker, { workers }: Observation): boolean {
  return (state === "draining" || state === "lingering") && workers.get(id)?.isLingering !== true;
}
