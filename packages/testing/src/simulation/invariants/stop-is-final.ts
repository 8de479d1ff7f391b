// A stop wins over everything: nothing is spawned after it, and when it is answered no process is left. The same holds
// for a start that failed.

import { commandsOf } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

export function stopIsFinal(): Invariant {
  return {
    name: "stop-is-final",
    check(observation) {
      const { world, workers, templates } = observation;
      const spawns = [...commandsOf(observation, "SpawnWorker"), ...commandsOf(observation, "SpawnTemplate")];
      if ((world.phase === "stopping" || world.phase === "stopped") && spawns.length > 0) {
        return `${spawns.length} workers or templates are spawned while the service is ${world.phase}`;
      }
      const hasFailedToStart = commandsOf(observation, "SettleStart").some(({ reason }) => reason !== null);
      if (!hasFailedToStart && commandsOf(observation, "SettleStop").length === 0) return null;
      const left = [...workers, ...templates].filter(([, { isAlive }]) => isAlive).map(([id]) => id);
      return left.length === 0 ? null : `${left.join(", ")} still alive when the stop is answered`;
    },
  };
}
