// Boots are what costs a host most: at most `bootConcurrency` workers boot at the same time, and the canary. Those that wait
// to be admitted with it have booted; when it is proven they open no more than that at a time, beside those that serve. Those
// that boot already when a restart brings a smaller number go on.

import type { Worker, World } from "@brood/core/engine";
import { commandsOf } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

export function bootsAreBounded(): Invariant {
  return {
    name: "boots-are-bounded",
    check(observation) {
      const { world } = observation;
      const tooMany = (booting: readonly Worker[], canaries: number): string | null => {
        const allowed = Math.max(world.config.bootConcurrency, ...booting.map(bootConcurrencyOf));
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

function bootConcurrencyOf({ config }: Worker): number {
  return config.bootConcurrency;
}

function bootingIn({ registry }: World): readonly Worker[] {
  return [...registry.workers.values()].filter(({ state }) =>
    ["spawning", "held", "booting"].includes(state),
  );
}
