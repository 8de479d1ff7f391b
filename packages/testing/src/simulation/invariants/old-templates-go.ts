// No template of another generation outlives a roll. When none is under way, one that is not of the last good generation has
// been told to go; the one exception are workers that nothing could bring back: while they live, so may what they come from.

import type { Invariant } from "./invariant.ts";

export function oldTemplatesGo(): Invariant {
  return {
    name: "old-templates-go",
    check({ world }) {
      if (world.phase !== "running" || world.roll !== null) return null;
      for (const { id, generation, state } of world.templates.alive.values()) {
        if (state === "killing" || generation === world.lastGood) continue;
        if (state === "ready" && world.registry.aliveOf(generation) > 0 && !isCompleted(world.lastRoll))
          continue;
        return `template=${id} gen=${generation} is ${state} though the last good generation is ${world.lastGood}`;
      }
      return null;
    },
  };
}

function isCompleted(lastRoll: { readonly result: string } | null): boolean {
  return lastRoll?.result === "completed";
}
