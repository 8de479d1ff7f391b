// Replacing a serving worker, for a roll, a revert or a recycling alike; all take permits from the same budget.
// Surge: the incoming worker becomes ready first, then the current one drains. Without surge, as far as
// `maxUnavailable` allows, the current one drains first. Leaving workers count as well: together with the incoming
// ones never more than 2 x maxSurge, so that slow drains do not pile up memory while fast ones overlap with boots. A canary
// that is ready and watched beside a current worker boots no more: for its followers it counts as a leaving one. One that
// lingers counts no more: it costs memory but no CPU, and holding its permit would make a roll as slow as its clients' idle time.

import type { Generation } from "./names.ts";
import type { Slot, Worker } from "./registry.ts";
import { dismiss, spawnInto } from "./workers.ts";
import type { Turn, World } from "./world.ts";

/** May a worker boot beside the one it is to replace? While a roll reverts drains hold up nobody: bad code serves until
 *  its successor is ready, and memory for some drains more is the smaller evil.
 *  @param watched  workers that are ready beside a current one: they boot no more, and count like those that leave. */
function maySurge({ registry, config, roll }: World, watched = 0): boolean {
  if (registry.surging - watched >= config.maxSurge) return false;
  return roll?.step === "reverting" || registry.surging + registry.leaving < 2 * config.maxSurge;
}

/** May a ready worker go before its successor is ready? */
function mayBeUnavailable({ registry, config, desired }: World): boolean {
  return registry.currents - 1 >= desired - config.maxUnavailable;
}

/** Begins to replace the slot's current worker by one of `generation`. False: no permit now. */
export function replaceCurrent(turn: Turn, slot: Slot, generation: Generation): boolean {
  const { world } = turn;
  if (maySurge(world)) {
    spawnInto(turn, slot, generation);
    return true;
  }
  if (!mayBeUnavailable(world) || slot.current === null) return false;
  dismiss(turn, slot.current);
  spawnInto(turn, slot, generation);
  return true;
}

/** May a follower boot while the canary is watched? Only with surge: nothing that serves goes for code that is on trial. */
export function mayFollow(world: World, canary: Worker): boolean {
  const watched = Number(canary.role === "incoming");
  return mayBoot(world, canary.generation) && maySurge(world, watched);
}

/** True when one more worker of this generation may boot. */
export function mayBoot(world: World, generation: Generation): boolean {
  return hasPermit(world) && maySpawn(world, generation);
}

/** Is one of the `bootConcurrency` permits free? */
export function hasPermit({ registry, config }: World): boolean {
  return registry.booting < config.bootConcurrency;
}

/** With or without a permit: is there what it can be made from? With templates: its own is ready, or is being built again and spawns may fall back to a fresh process. */
export function maySpawn({ config, templates }: World, generation: Generation): boolean {
  if (config.template === null || templates.readyOf(generation) !== null) return true;
  return config.template.fallback === "fresh" && templates.seats.get(generation)?.hasBeenReady === true;
}
