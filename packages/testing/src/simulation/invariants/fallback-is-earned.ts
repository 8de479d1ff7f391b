// A worker is spawned fresh although templates are configured only where that is allowed, while there is no template to
// fork it from, and after that generation's template has been ready once: until then nobody knows that its code loads.

import type { Generation } from "@brood/core/engine";
import { commandsOf } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

export function fallbackIsEarned(): Invariant {
  const loaded = new Set<Generation>();
  return {
    name: "fallback-is-earned",
    check(observation) {
      const { config, templates } = observation.world;
      if (config.template === null) return null;
      for (const { announcement } of commandsOf(observation, "Publish"))
        if (announcement.name === "template:ready") loaded.add(announcement.event.generation);
      for (const { worker, slot, generation, template } of commandsOf(observation, "SpawnWorker")) {
        if (template !== null) continue;
        const name = `worker=${worker} slot=${slot} gen=${generation} is spawned fresh`;
        if (config.template.fallback === "wait") return `${name} instead of waiting for its template`;
        if (!loaded.has(generation)) return `${name} before a template of it was ready`;
        const ready = [...templates.alive.values()].find(
          (each) => each.generation === generation && each.state === "ready",
        );
        if (ready !== undefined) return `${name} beside template=${ready.id}, which is ready`;
      }
      return null;
    },
  };
}
