// Will there be a template of this generation, with nobody doing anything about it? One that boots has a deadline, one that
// failed to load has to be gone first, and a back-off has its timer.

import type { Generation } from "@brood/core/engine";
import type { Observation } from "../observation.ts";

export function isOnItsWay({ atMs, world, nextDeadlineAtMs }: Observation, generation: Generation): boolean {
  for (const each of world.templates.alive.values()) {
    if (each.generation !== generation) continue;
    const isBooting = each.state === "spawning" || each.state === "booting";
    if (isBooting || (each.state === "killing" && each.readyAtMs === null)) return true;
  }
  const untilMs = world.templates.seats.get(generation)?.backingOffUntilAtMs ?? null;
  return untilMs !== null && nextDeadlineAtMs !== null && nextDeadlineAtMs <= Math.max(untilMs, atMs);
}
