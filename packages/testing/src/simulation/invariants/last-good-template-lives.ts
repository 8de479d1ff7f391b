// The last good generation's template is there, or on its way, for as long as the service runs: a roll that fails goes back
// with it, even when the files are gone. It is ended for a fault only. So is the target's until its roll has failed.

import type { Generation } from "@brood/core/engine";
import { commandsOf, type Observation } from "../observation.ts";
import type { Invariant } from "./invariant.ts";
import { isOnItsWay } from "./template-on-its-way.ts";

export function lastGoodTemplateLives(): Invariant {
  return {
    name: "last-good-template-lives",
    check(observation) {
      const { world } = observation;
      const { config, phase, lastGood, roll } = world;
      if (config.template === null || phase !== "running") return null;
      const needed: Generation[] = [lastGood];
      if (roll !== null && roll.step !== "resolving" && roll.step !== "reverting") needed.push(roll.to);
      for (const { template } of commandsOf(observation, "KillTemplate")) {
        const killed = world.templates.alive.get(template);
        if (killed === undefined || killed.fault !== null || !needed.includes(killed.generation)) continue;
        return `template=${template} gen=${killed.generation} is ended without a fault, and is still needed`;
      }
      const missing = needed.find((generation) => !isThere(observation, generation));
      return missing === undefined ? null : `gen=${missing} has no template, and none is on its way`;
    },
  };
}

function isThere(observation: Observation, generation: Generation): boolean {
  for (const each of observation.world.templates.alive.values())
    if (each.generation === generation && each.state === "ready") return true;
  return isOnItsWay(observation, generation);
}
