// Liveness from both sides. Nobody is killed for silence who was heard, or who was not heard only because the supervisor
// itself stood still; and nobody stays in its seat who is really silent, unless the kill budget is spent.

import type { Worker } from "@brood/core/engine";
import type { Observation } from "../observation.ts";
import { budgetOf, createBudgetBook } from "./budget-book.ts";
import type { Invariant } from "./invariant.ts";

/** The timer has whole milliseconds. */
const TIMER_MS = 1;
/** The machine looks a second time, and again when the budget has a permit, each at most a second later. */
const RECHECK_MS = 3_000;

export function silence(): Invariant {
  const book = createBudgetBook();
  let budgetFreeSinceMs = 0;
  return {
    name: "silence",
    check(observation) {
      const { atMs, world } = observation;
      const condemned = book.note(observation);
      if (book.waiting.size >= budgetOf(observation)) budgetFreeSinceMs = atMs;
      for (const worker of world.registry.workers.values()) {
        const wrong = condemned.includes(worker.id)
          ? innocent(worker, observation)
          : spared(worker, observation, budgetFreeSinceMs);
        if (wrong !== null)
          return `worker=${worker.id} slot=${worker.slot} gen=${worker.generation} ${wrong}`;
      }
      return null;
    },
  };
}

function silentMs({ id }: Worker, { atMs, workers, stoodStillUntilMs }: Observation): number {
  const heardAtMs = workers.get(id)?.heardAtMs ?? atMs;
  return atMs - Math.max(heardAtMs, stoodStillUntilMs);
}

function innocent(worker: Worker, observation: Observation): string | null {
  const forMs = silentMs(worker, observation);
  const truth = observation.workers.get(worker.id);
  const isReallySilent = truth === undefined || truth.isFrozen || truth.hasBadLink;
  if (isReallySilent || forMs + TIMER_MS >= worker.config.heartbeatTimeoutMs) return null;
  return `is killed for silence, but was silent for ${forMs} ms while somebody listened`;
}

function spared(worker: Worker, observation: Observation, budgetFreeSinceMs: number): string | null {
  if (worker.state !== "ready" || observation.world.phase === "stopping") return null;
  const { heartbeatTimeoutMs } = worker.config;
  const overdueMs = Math.min(
    silentMs(worker, observation) - heartbeatTimeoutMs,
    observation.atMs - budgetFreeSinceMs,
  );
  return overdueMs > RECHECK_MS ? `is silent and has not been killed for ${overdueMs} ms` : null;
}
