// No worker is ordered from a template that has not loaded that worker's own generation: by what the template itself
// reported, and by what it really runs. List order, age or a label of ours are never the reason.

import { commandsOf, type Observation } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

export function templateForksItsOwn(): Invariant {
  return {
    name: "template-forks-its-own",
    check(observation) {
      for (const { worker, slot, generation, template } of commandsOf(observation, "SpawnWorker")) {
        const wrong = template === null ? null : wrongTemplate(observation, template, generation);
        if (wrong !== null) return `worker=${worker} slot=${slot} gen=${generation} is forked from ${wrong}`;
      }
      return null;
    },
  };
}

function wrongTemplate(
  { world, templates }: Observation,
  id: `t${number}`,
  generation: number,
): string | null {
  const template = world.templates.alive.get(id);
  if (template === undefined) return `template=${id}, which has ended`;
  const name = `template=${id} gen=${template.generation}`;
  if (template.state !== "ready") return `${name}, which is ${template.state}`;
  if (template.reported?.generation !== generation)
    return `${name}, which reported gen=${template.reported?.generation}`;
  const truth = templates.get(id);
  if (truth === undefined) return null;
  if (truth.generation !== generation) return `${name}, which really runs gen=${truth.generation}`;
  return truth.isReady ? null : `${name}, which has never been ready`;
}
