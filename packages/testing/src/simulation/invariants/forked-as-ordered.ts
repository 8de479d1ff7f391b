// A current worker that was ordered from a template really is a copy of that one, and both say that they are of the same
// generation: what is forked is what the template has loaded.

import type { Generation, TemplateId } from "@brood/core/engine";
import type { Invariant } from "./invariant.ts";

export function forkedAsOrdered(): Invariant {
  const reported = new Map<TemplateId, Generation>();
  return {
    name: "forked-as-ordered",
    check({ world, workers, event }) {
      if (event.type === "TemplateReported") reported.set(event.template, event.reported.generation);
      for (const { index, current } of world.registry.slots.values()) {
        if (current === null) continue;
        const { id, template, generation } = current;
        const truth = workers.get(id);
        if (truth !== undefined && truth.template !== template)
          return `worker=${id} slot=${index} was ordered from template=${template}, forked from ${truth.template}`;
        if (template !== null && reported.get(template) !== generation)
          return `worker=${id} slot=${index} gen=${generation} comes from template=${template} gen=${reported.get(template)}`;
      }
      return null;
    },
  };
}
