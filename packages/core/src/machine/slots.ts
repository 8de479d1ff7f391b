// Seats: opened, filled, promoted, refilled after any exit, scaled away. Whatever takes a worker off its seat ends in
// `refill`, so every exit leads to exactly one replacement, on the generation that counts at that moment.

import { decideFollower, yieldPermit } from "./followers.ts";
import { forgetFailures, recordFailure } from "./intensity.ts";
import type { FailureReason, WorkerId } from "./names.ts";
import type { Slot, Worker } from "./registry.ts";
import { mayBoot } from "./replacement.ts";
import { dismiss, kill, spawnInto } from "./workers.ts";
import { respawnGeneration, type Turn } from "./world.ts";

/** Opens slots on the lowest free indexes until `desired` exist. */
export function openSlots(turn: Turn): void {
  const { registry, desired, vacant } = turn.world;
  for (let index = 0; registry.slots.size < desired; index += 1) {
    if (registry.slots.has(index)) continue;
    registry.slots.set(index, {
      index,
      current: null,
      incoming: null,
      failures: 0,
      backingOffUntilAtMs: null,
    });
    vacant.add(index);
  }
}

/** Closes surplus slots: those where nobody serves first, then those whose worker can be spared, those of the oldest
 *  generation, the highest index. */
export function closeSurplusSlots(turn: Turn, spare: readonly WorkerId[]): void {
  const { registry, desired, surplus } = turn.world;
  const serves = (slot: Slot): number => Number(slot.current !== null);
  const isNeeded = (slot: Slot): number => Number(slot.current !== null && !spare.includes(slot.current.id));
  const generationOf = (slot: Slot): number => (slot.incoming ?? slot.current)?.generation ?? 0;
  const candidates = [...registry.slots.values()].sort(
    (a, b) =>
      serves(a) - serves(b) ||
      isNeeded(a) - isNeeded(b) ||
      generationOf(a) - generationOf(b) ||
      b.index - a.index,
  );
  for (const slot of candidates.slice(0, Math.max(0, registry.slots.size - desired))) {
    for (const worker of [slot.incoming, slot.current]) {
      if (worker === null) continue;
      dismiss(turn, worker);
      surplus.add(worker.id);
    }
    closeSlot(turn, slot);
  }
}

function closeSlot(turn: Turn, slot: Slot): void {
  const { registry, vacant, recycling, executed, roll } = turn.world;
  registry.slots.delete(slot.index);
  turn.commands.push({ type: "CloseSlot", slot: slot.index });
  for (const queue of [vacant, recycling, executed, roll?.pending]) queue?.delete(slot.index);
}

/** Spawns for empty slots, in order, as far as boots may run at the same time. Capacity first: followers make way. */
export function fillVacantSlots(turn: Turn): void {
  const { registry, vacant } = turn.world;
  for (let index = vacant.first(); index !== null; index = vacant.first()) {
    const generation = respawnGeneration(turn.world);
    if (!mayBoot(turn.world, generation)) {
      if (yieldPermit(turn, generation)) continue;
      return;
    }
    vacant.delete(index);
    const slot = registry.slots.get(index);
    if (slot !== undefined && slot.current === null && slot.incoming === null) {
      spawnInto(turn, slot, generation);
    }
  }
}

/** The incoming worker takes the seat; the one it replaces drains. */
export function promote(turn: Turn, slot: Slot): void {
  const { registry, executed, recycling } = turn.world;
  const replaced = registry.promote(slot);
  executed.delete(slot.index);
  recycling.delete(slot.index);
  if (replaced !== null) dismiss(turn, replaced);
}

/** Ends a worker for a fault and fills its seat; the fault is counted when its process has gone. */
export function expel(turn: Turn, worker: Worker, fault: FailureReason): void {
  const wasSeated = worker.role !== "leaving";
  const slot = turn.world.registry.slots.get(worker.slot);
  kill(turn, worker, fault);
  if (wasSeated && slot !== undefined) refill(turn, slot, worker, true);
}

/** The slot lost `worker`. Fills it again: at once, or after its back-off when the worker failed. */
export function refill(turn: Turn, slot: Slot, worker: Worker, failed: boolean): void {
  if (failed) recordFailure(turn, slot, worker);
  if (slot.current === null) decideFollower(turn, slot);
  if (slot.backingOffUntilAtMs === null) revisit(turn, slot);
  else if (slot.incoming?.state === "ready") promote(turn, slot);
}

/** Decides anew what the slot needs; called when it lost a worker and when its back-off ends. */
export function revisit(turn: Turn, slot: Slot): void {
  const { vacant, roll } = turn.world;
  if (slot.incoming !== null) {
    if (slot.current === null && slot.incoming.state === "ready") promote(turn, slot);
  } else if (slot.current === null) {
    vacant.add(slot.index);
  } else if (roll !== null && roll.step !== "resolving" && roll.step !== "canary") {
    roll.pending.add(slot.index);
  }
}

/** Ends what holds the slot back and queues it again if it is empty. */
export function pardon(turn: Turn, slot: Slot): void {
  forgetFailures(slot);
  if (slot.current === null && slot.incoming === null) turn.world.vacant.add(slot.index);
}
