// A worker is told to drain once, and it or a template is killed again only when the kill before it has not worked for five
// seconds: a storm of signals, deadlines and requests never becomes a storm of signals to the worker.

import type { TemplateId, WorkerId } from "@brood/core/engine";
import { commandsOf } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

/** Five seconds, less the rounding of fractions. */
const KILL_AGAIN_AFTER_MS = 4_999;

export function oneActionADeadline(): Invariant {
  const drained = new Set<WorkerId>();
  const killedAtMs = new Map<WorkerId | TemplateId, number>();
  return {
    name: "one-action-a-deadline",
    check(observation) {
      const { atMs, event } = observation;
      for (const { worker } of commandsOf(observation, "DrainWorker")) {
        if (drained.has(worker)) return `worker=${worker} is told to drain twice`;
        if (killedAtMs.has(worker)) return `worker=${worker} is told to drain after it was killed`;
        drained.add(worker);
      }
      const kills = [
        ...commandsOf(observation, "KillWorker").map(({ worker }) => worker),
        ...commandsOf(observation, "KillTemplate").map(({ template }) => template),
      ];
      for (const id of kills) {
        const agoMs = atMs - (killedAtMs.get(id) ?? Number.NEGATIVE_INFINITY);
        if (agoMs < KILL_AGAIN_AFTER_MS) return `${id} is killed again after ${agoMs} ms`;
        killedAtMs.set(id, atMs);
      }
      if (event.type === "WorkerExited") {
        drained.delete(event.worker);
        killedAtMs.delete(event.worker);
      }
      return null;
    },
  };
}
