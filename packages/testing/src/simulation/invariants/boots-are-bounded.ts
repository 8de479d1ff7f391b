// Boots are what costs a host most: at most `bootConcurrency` workers boot at the same time, and the canary. Those that wait
// to be admitted with it have booted.

import { commandsOf } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

export function bootsAreBounded(): Invariant {
  return {
    name: "boots-are-bounded",
    check(observation) {
      if (commandsOf(observation, "SpawnWorker").length === 0) return null;
      const { registry, config } = observation.world;
      const booting = [...registry.workers.values()].filter(({ state }) =>
        ["spawning", "held", "booting"].includes(state),
      );
      if (booting.length <= config.bootConcurrency + 1) return null;
      return `${booting.length} workers boot at the same time, bootConcurrency is ${config.bootConcurrency}`;
    },
  };
}
