// Promise 4: after a failed roll the slots that moved are back on the last good generation. Workers stay on the new one only
// when the old one did not come up again or its files are not there any more, or when a newer roll sees to them.

import type { Generation, RollResult } from "@brood/core/engine";
import { commandsOf } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

export function failedGoesBack(): Invariant {
  const failed = new Set<Generation>();
  return {
    name: "failed-goes-back",
    check(observation) {
      const { world } = observation;
      for (const { announcement } of commandsOf(observation, "Publish")) {
        const { name, event } = announcement;
        if (name === "roll:started") failed.clear();
        if (name !== "worker:exited" && name !== "template:exited") continue;
        if (event.reason !== null) failed.add(event.generation);
      }
      if (world.phase !== "running") return null;
      for (const { result } of commandsOf(observation, "SettleRoll")) {
        const { id, from, to, replaced } = result;
        const isLeftToNewer = world.newestGeneration > to;
        if (result.result !== "failed" || replaced === 0 || failed.has(from) || isLeftToNewer) continue;
        if (isPutOver(result) && world.templates.readyOf(from) === null) continue;
        return `${id} failed, but ${replaced} slots stay on gen=${to} though gen=${from} never failed to come up`;
      }
      return null;
    },
  };
}

/** The new release was put over the old one, whose code only a template still has. */
function isPutOver({ fromRelease, toRelease }: RollResult): boolean {
  return fromRelease?.entry === toRelease?.entry && fromRelease?.fingerprint !== toRelease?.fingerprint;
}
