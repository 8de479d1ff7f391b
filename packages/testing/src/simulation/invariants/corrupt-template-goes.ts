// A template whose workers fail early, `failuresMax` of them in a row, is not forked from any more, whatever is wrong with it. Kept
// by an account of its own: who came from where, and who has been healthy for long enough to clear it.

import type { TemplateId, WorkerId } from "@brood/core/engine";
import { commandsOf, type Observation } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

interface Forked {
  readonly template: TemplateId;
  readonly minHealthyMs: number;
  readyAtMs: number;
}

/** The first is the operating system's doing, the second our own. */
const SAYS_NOTHING = ["BROOD_SPAWN_FAILED", "BROOD_DRAIN_TIMEOUT"];

export function corruptTemplateGoes(): Invariant {
  const forked = new Map<WorkerId, Forked>();
  const failures = new Map<TemplateId, number>();
  return {
    name: "corrupt-template-goes",
    check(observation) {
      if (observation.world.config.template === null) return null;
      for (const { worker, template, config } of commandsOf(observation, "SpawnWorker")) {
        const { minHealthyMs } = config;
        if (template !== null)
          forked.set(worker, { template, minHealthyMs, readyAtMs: Number.POSITIVE_INFINITY });
      }
      clearProven(observation, forked, failures);
      count(observation, forked, failures);
      return survivor(observation, failures);
    },
  };
}

function clearProven(
  { atMs, event }: Observation,
  forked: Map<WorkerId, Forked>,
  failures: Map<TemplateId, number>,
): void {
  const told = event.type === "WorkerReady" ? forked.get(event.worker) : undefined;
  if (told !== undefined) told.readyAtMs = atMs;
  for (const [worker, { template, minHealthyMs, readyAtMs }] of forked) {
    if (atMs < readyAtMs + minHealthyMs) continue;
    failures.delete(template);
    forked.delete(worker);
  }
}

function count(
  observation: Observation,
  forked: Map<WorkerId, Forked>,
  failures: Map<TemplateId, number>,
): void {
  for (const { announcement } of commandsOf(observation, "Publish")) {
    if (announcement.name !== "worker:exited") continue;
    const { worker, reason } = announcement.event;
    const template = forked.get(worker)?.template;
    forked.delete(worker);
    if (template === undefined || reason === null || SAYS_NOTHING.includes(reason.code)) continue;
    failures.set(template, (failures.get(template) ?? 0) + 1);
  }
}

function survivor({ event, world }: Observation, failures: Map<TemplateId, number>): string | null {
  if (event.type === "TemplateExited") failures.delete(event.template);
  for (const [id, failed] of failures) {
    const template = world.templates.alive.get(id);
    const failuresMax = template?.config.template?.failuresMax ?? Number.POSITIVE_INFINITY;
    if (failed < failuresMax || template?.state !== "ready") continue;
    return `template=${id} is kept after ${failed} of its workers failed early in a row, failuresMax is ${failuresMax}`;
  }
  return null;
}
