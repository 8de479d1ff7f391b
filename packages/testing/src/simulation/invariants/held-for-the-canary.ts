// A worker that has reported is held back only beside a current one, and only while the canary of its generation is watched:
// whatever ends that lets it open or ends it, in the same step. One that has booted may wait longer, when its generation is
// proven, for a permit that somebody else has. Held ones and all others that are not admitted are closed, in truth.

import type { Worker, World } from "@brood/core/engine";
import type { Invariant } from "./invariant.ts";

export function heldForTheCanary(): Invariant {
  return {
    name: "held-for-the-canary",
    check(observation) {
      const { world, workers } = observation;
      for (const worker of world.registry.workers.values()) {
        if (!["spawning", "held", "waiting"].includes(worker.state)) continue;
        const name = `worker=${worker.id} slot=${worker.slot} gen=${worker.generation}`;
        if (workers.get(worker.id)?.isOpen === true) return `${name} is open and was never admitted`;
        const wrong = worker.state === "spawning" ? null : heldInVain(world, worker);
        if (wrong !== null) return `${name} is ${worker.state} ${wrong}`;
      }
      return null;
    },
  };
}

function heldInVain({ roll, registry, config }: World, { slot, generation, state }: Worker): string | null {
  if (registry.slots.get(slot)?.current == null) return "in a slot where nobody serves";
  if (roll?.step === "rolling" && roll.to === generation && state === "waiting") {
    return registry.booting < config.bootConcurrency ? "though it has a permit to open" : null;
  }
  if (roll?.step !== "canary" || roll.to !== generation) return "while no canary of its generation is out";
  const canary = roll.canary === null ? undefined : registry.workers.get(roll.canary);
  const isWatched = canary?.state === "ready" && canary.role !== "leaving";
  return isWatched ? null : "though its canary has gone";
}
