// Single flight: at most one template of a generation is not on its way out, by the machine's account and by the truth; and
// one is only built for the last good generation, for the target of a roll, or for the first.

import type { Generation, TemplateId } from "@brood/core/engine";
import { commandsOf, type Observation } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

export function oneTemplateAGeneration(): Invariant {
  const killed = new Set<TemplateId>();
  return {
    name: "one-template-a-generation",
    check(observation) {
      for (const { template } of commandsOf(observation, "KillTemplate")) killed.add(template);
      for (const { template, generation } of commandsOf(observation, "SpawnTemplate")) {
        const wrong = unwanted(observation, generation);
        if (wrong !== null) return `template=${template} gen=${generation} is built ${wrong}`;
      }
      return twice(observation, killed);
    },
  };
}

function unwanted({ world }: Observation, generation: Generation): string | null {
  const { roll, lastGood, phase } = world;
  if (phase !== "running" && phase !== "starting") return `while the service is ${phase}`;
  const isTarget = roll !== null && roll.step !== "reverting" && generation === roll.to;
  return generation === Math.max(1, lastGood) || isTarget ? null : `though the last good one is ${lastGood}`;
}

function twice({ world, templates }: Observation, killed: ReadonlySet<TemplateId>): string | null {
  const seen = new Map<Generation, TemplateId>();
  for (const { id, generation } of world.templates.alive.values()) {
    if (killed.has(id)) continue;
    const other = seen.get(generation);
    if (other !== undefined) return `template=${other} and template=${id} are both of gen=${generation}`;
    seen.set(generation, id);
  }
  for (const [id, { isAlive }] of templates) {
    if (isAlive && !world.templates.alive.has(id)) return `template=${id} lives, and nobody knows of it`;
  }
  return null;
}
