// Boots are what costs a host most: at most `bootConcurrency` workers boot at the same time, and the canary. Those that wait
// to be admitted with it have booted; when it is proven they open no more than that at a time, beside those that serve. Those
// that boot already when a restart brings a smaller number go on.

import type { Worker, WorkerId, World } from "@brood/core/engine";
import { commandsOf } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

export function bootsAreBounded(): Invariant {
  /** The limit that was in force when each was spawned. */
  const limitOf = new Map<WorkerId, number>();
  return {
    name: "boots-are-bounded",
    check(observation) {
      const { world } = observation;
      for (const { worker } of commandsOf(observation, "SpawnWorker"))
        limitOf.set(worker, world.config.bootConcurrency);
      const tooMany = (booting: readonly Worker[], canaries: number): string | null => {
        const limits = booting.map(({ id }) => limitOf.get(id) ?? 0);
        const allowed = Math.max(world.config.bootConcurrency, ...limits);
        if (booting.length <= allowed + canaries) return null;
        return `${booting.length} workers boot at the same time, bootConcurrency is ${allowed}`;
      };
      if (commandsOf(observation, "SpawnWorker").length > 0) {
        const wrong = tooMany(bootingIn(world), 1);
        if (wrong !== null) return wrong;
      }
      if (world.roll?.step !== "rolling" || commandsOf(observation, "AdmitWorker").length === 0) return null;
      const { slots } = world.registry;
      const beside = bootingIn(world).filter(({ slot }) => slots.get(slot)?.current != null);
      return tooMany(beside, 0);
    },
  };
}

function bootingIn({ registry }: World): readonly Worker[] {
  return [...registry.workers.values()].filter(({ state }) =>
    ["spawning", "held", "booting"].includes(state),
  );
}
