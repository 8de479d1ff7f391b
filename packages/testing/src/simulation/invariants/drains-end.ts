// A worker that was told to drain is gone by its deadline, or is killed then; by the truth, not by what the machine thinks
// of it.

import type { WorkerId } from "@brood/core/engine";
import { commandsOf } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

/** The timer has whole milliseconds. */
const TIMER_MS = 1;

export function drainsEnd(): Invariant {
  const toldAtMs = new Map<WorkerId, number>();
  return {
    name: "drains-end",
    check(observation) {
      const { atMs, workers, stoodStillUntilMs } = observation;
      for (const { worker } of commandsOf(observation, "DrainWorker")) toldAtMs.set(worker, atMs);
      for (const { worker } of commandsOf(observation, "KillWorker")) toldAtMs.delete(worker);
      const timeoutMs = observation.world.config.drainTimeoutMs + TIMER_MS;
      for (const [worker, told] of toldAtMs) {
        if (workers.get(worker)?.isAlive !== true) toldAtMs.delete(worker);
        else if (atMs > Math.max(told, stoodStillUntilMs) + timeoutMs) {
          return `worker=${worker} was told to drain at ${told}, and was not killed`;
        }
      }
      return null;
    },
  };
}
