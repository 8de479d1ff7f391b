// Settings belong to a generation, as its release does. A worker and a template live by those of their generation to
// their end (`worker.config`): a heartbeat expected each second means nothing to a worker that sends one each five. What
// concerns the service as a whole (permits, limits of failures, the comparison with the canary) is `world.config`: the
// roll's from when its target is pinned until it fails, else the last good generation's.
// The number of workers follows the settings only where they change it, so that a restart keeps what somebody scaled to.
// It changes when the canary is proven, and goes back when the roll fails; who scales meanwhile has the last word.

import type { PinnedGeneration } from "./history.ts";
import type { Generation } from "./names.ts";
import { closeSurplusSlots, openSlots } from "./slots.ts";
import type { Roll, Turn, World } from "./world.ts";

/** What the target of the roll runs is known: from now on its settings count. */
export function pinTarget(world: World, roll: Roll, pinned: PinnedGeneration): void {
  world.pinned.set(roll.to, pinned);
  world.config = pinned.config;
}

/** No roll, or one that goes back: the last good generation's count. */
export function restoreConfig(world: World): void {
  world.config = world.pinned.get(world.lastGood)?.config ?? world.config;
}

/** The canary is proven: the service gets as many workers as its settings want. */
export function resizeForTarget(turn: Turn, roll: Roll): void {
  const { world } = turn;
  if (!roll.resizes) return;
  const before = world.pinned.get(roll.from)?.config.desired;
  const { desired } = world.config;
  const wanted = desired === before ? (world.desiredBefore ?? world.desired) : desired;
  if (wanted === world.desired) return;
  world.desiredBefore ??= world.desired;
  resize(turn, wanted, roll.to);
}

/** The roll has failed: back to the number that it began with. Slots that came with it go first. */
export function restoreSize(turn: Turn, roll: Roll): void {
  const { desiredBefore } = turn.world;
  turn.world.desiredBefore = null;
  if (desiredBefore !== null) resize(turn, desiredBefore, roll.from);
}

/** A newer roll takes over: slots that came with this one go. Those that it took away stay away, since the newer one most
 *  likely wants them no more; should it fail they come back. */
export function dropAddedSlots(turn: Turn, roll: Roll): void {
  if (turn.world.desired > (turn.world.desiredBefore ?? turn.world.desired)) restoreSize(turn, roll);
}

/** @param kept  should slots have to go, those of another generation go first */
function resize(turn: Turn, desired: number, kept: Generation): void {
  const { world } = turn;
  world.desired = desired;
  openSlots(turn);
  const spare = [...world.registry.workers.values()].filter(({ generation }) => generation !== kept);
  closeSurplusSlots(
    turn,
    spare.map(({ id }) => id),
  );
}
