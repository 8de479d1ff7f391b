// Whoever asked gets one answer of their own, and it is true: completed means that every worker that lives is of that generation, by
// its own report; failed has a reason; superseded has a newer request; a size that is reached is reached.

import type { Generation, RollResult } from "@brood/core/engine";
import type { Observation } from "../observation.ts";
import { commandsOf } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

/** A worker that is told to go and is too slow says nothing about its release. */
const OUR_OWN_DOING = "BROOD_DRAIN_TIMEOUT";

export function truthfulAnswers(): Invariant {
  const answered = new Set<string>();
  const generations = new Set<Generation>();
  return {
    name: "truthful-answers",
    check(observation) {
      const rolls = commandsOf(observation, "SettleRoll");
      const scales = commandsOf(observation, "SettleScale");
      for (const { requestId } of [...rolls, ...scales]) {
        if (answered.has(requestId)) return `${requestId} is answered twice`;
        answered.add(requestId);
      }
      for (const { result } of rolls) {
        if (generations.has(result.to)) return `two requests share gen=${result.to}`;
        generations.add(result.to);
        const wrong = untrue(observation, result);
        if (wrong !== null) return `${result.id} gen=${result.to} ${result.result}: ${wrong}`;
      }
      const reasons = [...scales, ...commandsOf(observation, "SettleStart")].map(({ reason }) => reason);
      if (reasons.some((reason) => reason?.code === OUR_OWN_DOING))
        return `${OUR_OWN_DOING} is given as a reason`;
      if (scales.some(({ reason }) => reason === null)) return notFull(observation);
      if (commandsOf(observation, "SettleStart").some(({ reason }) => reason === null))
        return notFull(observation);
      return null;
    },
  };
}

function untrue({ world, workers }: Observation, result: RollResult): string | null {
  if (result.result === "failed") {
    if (result.reason === undefined) return "no reason is given";
    return result.reason.code === OUR_OWN_DOING ? `${OUR_OWN_DOING} is given as a reason` : null;
  }
  if (result.result === "superseded") {
    return world.newestGeneration > result.to || world.waitingRestart !== null ? null : "by nobody";
  }
  // In the same step a recycling may already have taken a worker away: only of that generation as well.
  for (const { index, current, incoming } of world.registry.slots.values()) {
    if ((current?.reportedGeneration ?? incoming?.generation) !== result.to)
      return `slot=${index} has no current worker of it`;
  }
  for (const { id, generation } of world.registry.workers.values()) {
    if (generation !== result.to) return `worker=${id} gen=${generation} is alive`;
  }
  for (const [id, { generation, isAlive, hasOpened }] of workers) {
    if (isAlive && hasOpened && generation < result.to) return `worker=${id} really runs gen=${generation}`;
  }
  return result.replaced === world.registry.slots.size ? null : `replaced is ${result.replaced}`;
}

function notFull({ world }: Observation): string | null {
  const { registry, desired } = world;
  if (registry.currents === desired && registry.slots.size === desired) return null;
  return `${registry.currents} of ${desired} are ready when the caller is told so`;
}
