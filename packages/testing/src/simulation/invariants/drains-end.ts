// A worker that was told to drain is gone by its deadline, or is killed then; by the truth, not by what the machine thinks
// of it.

import type { WorkerId } from "@brood/core/engine";
import { commandsOf } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

/** The timer has whole milliseconds. */
const TIMER_MS = 1;

export function drainsEnd(): Invariant {
  const told = new Map<WorkerId, { readonly atMs: number; readonly timeoutMs: number }>();
  return {
    name: "drains-end",
    check(observation) {
      const { atMs, workers, stoodStillUntilMs } = observation;
      for (const { worker, timeoutMs } of commandsOf(observation, "DrainWorker"))
        told.set(worker, { atMs, timeoutMs: timeoutMs + TIMER_MS });
      for (const { worker } of commandsOf(observation, "KillWorker")) told.delete(worker);
      for (const [worker, { atMs: sinceAtMs, timeoutMs }] of told) {
        if (workers.get(worker)?.isAlive !== true) told.delete(worker);
        else if (atMs > Math.max(sinceAtMs, stoodStillUntilMs) + timeoutMs) {
          return `worker=${worker} was told to drain at ${sinceAtMs}, and was not killed`;
        }
      }
      return null;
    },
  };
}
