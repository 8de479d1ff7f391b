// Promise 6: every state but `ready` has a deadline that ends it, the one timer is set no later than that, and no worker
// is still in it when the deadline has passed. `ready` has its liveness check.

import type { Worker } from "@brood/core/engine";
import type { Observation } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

/** The timer has whole milliseconds. */
const TIMER_MS = 1;

export function statesHaveDeadlines(): Invariant {
  return {
    name: "states-have-deadlines",
    check(observation) {
      for (const worker of observation.world.registry.workers.values()) {
        const wrong =
          worker.state === "ready" ? unwatched(worker, observation) : endless(worker, observation);
        if (wrong !== null) return `worker=${worker.id} slot=${worker.slot} ${worker.state} ${wrong}`;
      }
      return null;
    },
  };
}

function unwatched(_: Worker, { nextDeadlineAtMs }: Observation): string | null {
  return nextDeadlineAtMs === null ? "is not watched: no deadline is set" : null;
}

function endless(
  { stateDeadlineAtMs }: Worker,
  { atMs, nextDeadlineAtMs, stoodStillUntilMs }: Observation,
): string | null {
  if (!Number.isFinite(stateDeadlineAtMs)) return "has no deadline";
  if (nextDeadlineAtMs === null || nextDeadlineAtMs > stateDeadlineAtMs) {
    return `has its deadline at ${stateDeadlineAtMs}, but the timer is set for ${nextDeadlineAtMs}`;
  }
  const noticedLate = atMs - stoodStillUntilMs <= TIMER_MS;
  if (noticedLate || stateDeadlineAtMs >= atMs - TIMER_MS) return null;
  return `is overdue since ${stateDeadlineAtMs}`;
}
