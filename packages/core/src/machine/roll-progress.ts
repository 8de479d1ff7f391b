// How a roll moves on: after the canary, every slot that is not on the target yet takes its turn as permits allow.
// It ends by what the workers themselves reported, never by what was ordered.

import { analyse } from "./analysis.ts";
import { sendCanary, verdictOn } from "./canary.ts";
import { admitFollowers, openFollowers, tendFollowers } from "./followers.ts";
import type { Generation } from "./names.ts";
import type { Slot } from "./registry.ts";
import { mayBoot, replaceCurrent } from "./replacement.ts";
import { endRoll, viewOf } from "./roll.ts";
import { failRoll } from "./roll-failure.ts";
import { resizeForTarget } from "./settings.ts";
import { pardon } from "./slots.ts";
import { announce, dismiss } from "./workers.ts";
import type { Roll, Turn } from "./world.ts";

/** Has the canary proven its generation, and does it still answer no worse? Asked before empty slots are filled: they are to get that one then. */
export function judgeCanary(turn: Turn): void {
  const { roll, config } = turn.world;
  if (roll?.step === "canary") {
    const verdict = verdictOn(turn, roll);
    if (verdict === "proven") followCanary(turn, roll);
    else if (verdict !== "open") failRoll(turn, roll, verdict);
  } else if (roll?.step === "rolling" && config.canary !== null) {
    const regression = analyse(turn, roll, config.canary);
    if (regression !== null) failRoll(turn, roll, regression);
  }
}

/** Moves the roll on as far as it goes now. Called at the end of every turn. */
export function advanceRoll(turn: Turn): void {
  const { world } = turn;
  const { roll, registry } = world;
  if (roll === null || roll.step === "resolving") return;
  if (roll.step === "template" && !passTemplate(turn, roll)) return;
  if (roll.step === "canary") {
    tendFollowers(turn, roll);
    return sendCanary(turn, roll);
  }
  openFollowers(turn, roll);
  const target = roll.step === "reverting" ? roll.from : roll.to;
  for (let index = roll.pending.first(); index !== null; index = roll.pending.first()) {
    const slot = registry.slots.get(index);
    if (slot !== undefined && !settleSlot(turn, slot, target)) return;
    roll.pending.delete(index);
  }
  const isAlone = registry.workers.size === registry.aliveOf(target);
  if (roll.step === "reverting") {
    if (isAlone) endRoll(turn, roll, "failed", roll.reason);
  } else if (isAlone && registry.currentOf(target) === registry.slots.size) {
    endRoll(turn, roll, "completed", null);
  }
}

/** The new generation's template comes before its canary. False: it is not ready yet. */
function passTemplate(turn: Turn, roll: Roll): boolean {
  if (turn.world.templates.readyOf(roll.to) === null) return false;
  roll.step = "canary";
  announce(turn, { name: "roll:progress", event: viewOf(turn.world, roll) });
  return true;
}

/** Sees to it that the slot gets to `target`. False: it has to wait for a permit. */
function settleSlot(turn: Turn, slot: Slot, target: Generation): boolean {
  if (slot.incoming !== null && slot.incoming.generation !== target) dismiss(turn, slot.incoming);
  if (slot.incoming !== null || slot.current?.generation === target) return true;
  if (slot.current !== null) return mayBoot(turn.world, target) && replaceCurrent(turn, slot, target);
  pardon(turn, slot);
  return true;
}

/** The canary has proven the generation: all slots are to follow, first those whose workers wait for it. */
function followCanary(turn: Turn, roll: Roll): void {
  roll.step = "rolling";
  resizeForTarget(turn, roll);
  admitFollowers(turn, roll);
  for (const slot of turn.world.registry.slots.values()) {
    pardon(turn, slot);
    roll.pending.add(slot.index);
  }
  announce(turn, { name: "roll:progress", event: viewOf(turn.world, roll) });
}
