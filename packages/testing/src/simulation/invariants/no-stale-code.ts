// Promise 1: once a roll to G has completed, no worker that really runs an older generation accepts a connection or
// lingers with some, and none is spawned again.

import { commandsOf } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

export function noStaleCode(): Invariant {
  let completed = 0;
  return {
    name: "no-stale-code",
    check(observation) {
      for (const { result } of commandsOf(observation, "SettleRoll")) {
        if (result.result === "completed") completed = Math.max(completed, result.to);
      }
      for (const { worker, slot, generation } of commandsOf(observation, "SpawnWorker")) {
        if (generation < completed) {
          return `worker=${worker} slot=${slot} is spawned on gen=${generation} after gen=${completed} completed`;
        }
      }
      for (const [worker, { generation, isAlive, isOpen, isLingering }] of observation.workers) {
        if (isOpen && generation < completed) {
          return `worker=${worker} accepts on gen=${generation} after gen=${completed} completed`;
        }
        if (isAlive && isLingering && generation < completed) {
          return `worker=${worker} lingers on gen=${generation} after gen=${completed} completed`;
        }
      }
      return null;
    },
  };
}
