// Every hop has a deadline: a template that starts, loads or is being killed has one that ends it, the one timer is set no
// later than that, and none is overdue. A ready one has its liveness check.

import type { Template } from "@brood/core/engine";
import type { Observation } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

/** The timer has whole milliseconds. */
const TIMER_MS = 1;

export function templatesHaveDeadlines(): Invariant {
  return {
    name: "templates-have-deadlines",
    check(observation) {
      for (const template of observation.world.templates.alive.values()) {
        const wrong = endless(template, observation);
        if (wrong !== null)
          return `template=${template.id} gen=${template.generation} ${template.state} ${wrong}`;
      }
      return null;
    },
  };
}

function endless(
  { state, stateDeadlineAtMs }: Template,
  { atMs, nextDeadlineAtMs, stoodStillUntilMs }: Observation,
): string | null {
  if (nextDeadlineAtMs === null) return "is not watched: no deadline is set";
  if (state === "ready") return null;
  if (!Number.isFinite(stateDeadlineAtMs)) return "has no deadline";
  if (nextDeadlineAtMs > stateDeadlineAtMs)
    return `has its deadline at ${stateDeadlineAtMs}, but the timer is set for ${nextDeadlineAtMs}`;
  const noticedLate = atMs - stoodStillUntilMs <= TIMER_MS;
  return noticedLate || stateDeadlineAtMs >= atMs - TIMER_MS ? null : `is overdue since ${stateDeadlineAtMs}`;
}
