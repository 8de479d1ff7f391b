// The roll: one phased restart from asked for to completed, failed or superseded. One at a time.
//   resolving -> canary -> rolling -> completed
//                   \________\-> reverting -> failed
// The canary is the only worker of an unproven generation that serves (others may boot, held: `followers.ts`); until it has
// been ready and healthy for `minHealthyMs`, a slot that dies comes back on the last good one. Completed needs the workers' own reports: every slot's current
// worker is of `to`, and no worker of another generation is alive, draining ones included. Nothing is merged: a newer
// request supersedes this one and both callers are told.

import { canaryView } from "./analysis.ts";
import type { RollView } from "./commands.ts";
import { recordGeneration } from "./history.ts";
import type { FailureReason, Release, RollOutcome, RollResult } from "./names.ts";
import { shownMs } from "./rounding.ts";
import { restoreConfig } from "./settings.ts";
import { announce } from "./workers.ts";
import type { Roll, Turn, World } from "./world.ts";

/** How far it is, for events and stats. */
export function viewOf(world: World, roll: Roll): RollView {
  const { id, from, to, step } = roll;
  const { registry } = world;
  const view = { id, from, to, step, replaced: registry.currentOf(to), total: registry.slots.size };
  const canary = canaryView(world, roll);
  return canary === null ? view : { ...view, canary };
}

/** The one exit: the result goes to whoever asked, and to everybody else as an event. */
export function endRoll(turn: Turn, roll: Roll, outcome: RollOutcome, reason: FailureReason | null): void {
  const { world } = turn;
  const canary = canaryView(world, roll);
  const before = world.pinned.get(roll.from);
  const pinned = world.pinned.get(roll.to);
  const toRelease = pinned?.release ?? null;
  const result: RollResult = {
    id: roll.id,
    from: roll.from,
    to: roll.to,
    result: outcome,
    replaced: world.registry.currentOf(roll.to),
    killed: roll.killed,
    moved: roll.moved,
    durationMs: shownMs(turn.atMs - roll.startedAtMs),
    fromRelease: roll.fromRelease,
    toRelease,
    unchanged: isSame(roll.fromRelease, toRelease) && before?.config === pinned?.config,
    changed: roll.changed,
    ...(canary === null ? {} : { canary }),
    ...(reason === null ? {} : { reason }),
  };
  world.roll = null;
  world.lastRoll = result;
  if (outcome === "completed") {
    world.lastGood = roll.to;
    world.entry = roll.entry;
    world.desiredBefore = null;
    recordGeneration(world, roll.to, roll.entry);
  }
  restoreConfig(world);
  dropUnusedReleases(world);
  turn.commands.push({ type: "SettleRoll", requestId: roll.requestId, result });
  announce(turn, { name: "roll:ended", event: result });
}

/** Neither where the code lies, nor the code. */
function isSame(from: Release | null, to: Release | null): boolean {
  if (from === null || to === null) return false;
  return from.entry === to.entry && from.folder === to.folder && from.fingerprint === to.fingerprint;
}

function dropUnusedReleases(world: World): void {
  for (const generation of world.pinned.keys()) {
    if (generation !== world.lastGood && world.registry.aliveOf(generation) === 0)
      world.pinned.delete(generation);
  }
}
