// Nobody is ended for a breach of the protocol whose link is sound: then it would be our own handlers that do not know what
// may legally follow what.

import type { Template, Worker } from "@brood/core/engine";
import type { Invariant } from "./invariant.ts";

export function breachIsReal(): Invariant {
  return {
    name: "breach-is-real",
    check(observation) {
      const { registry, templates } = observation.world;
      for (const worker of registry.workers.values()) {
        const wrong = innocent(worker, observation.workers.get(worker.id));
        if (wrong !== null) return wrong;
      }
      for (const template of templates.alive.values()) {
        const wrong = innocent(template, observation.templates.get(template.id));
        if (wrong !== null) return wrong;
      }
      return null;
    },
  };
}

function innocent(
  { id, fault, state }: Worker | Template,
  truth: { readonly hasBadLink: boolean } | undefined,
): string | null {
  if (state !== "killing" || fault?.code !== "BROOD_PROTOCOL") return null;
  return truth === undefined || truth.hasBadLink
    ? null
    : `${id} is killed over a sound link: ${fault.message}`;
}
