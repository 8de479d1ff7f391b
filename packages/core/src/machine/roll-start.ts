// How a roll begins, and how it ends when a newer one begins.

import type { Generation } from "./names.ts";
import { endRoll, viewOf } from "./roll.ts";
import { SlotQueue } from "./slot-queue.ts";
import { announce, dismiss } from "./workers.ts";
import type { Roll, Turn } from "./world.ts";

/** Takes up a restart request: the next generation's number is used, whatever becomes of it. */
export function beginRoll(turn: Turn, requestId: string, entry: string | null): void {
  const { world } = turn;
  if (world.roll !== null) supersede(turn, world.roll);
  world.newestGeneration += 1;
  const to = world.newestGeneration;
  world.roll = {
    id: `roll-${to}`,
    requestId,
    entry: entry ?? world.entry,
    from: world.lastGood,
    to,
    startedAtMs: turn.atMs,
    step: "resolving",
    canary: null,
    pending: new SlotQueue(),
    failures: 0,
    killed: 0,
    reason: null,
  };
  resolveRelease(turn, to, world.roll.entry);
  announce(turn, { name: "roll:started", event: viewOf(world, world.roll) });
}

/** Has the release pinned; that too has a deadline. */
export function resolveRelease(turn: Turn, generation: Generation, entry: string): void {
  const { deadlines, config } = turn.world;
  turn.commands.push({ type: "ResolveRelease", generation, entry });
  deadlines.push({ kind: "resolve", generation, atMs: turn.atMs + config.bootTimeoutMs });
}

/** A newer request takes over: what this one has not finished booting goes; the newer roll sees to the rest. */
function supersede(turn: Turn, roll: Roll): void {
  for (const slot of turn.world.registry.slots.values()) {
    if (slot.incoming?.generation !== roll.to) continue;
    dismiss(turn, slot.incoming);
    if (slot.current === null) turn.world.vacant.add(slot.index);
  }
  if (roll.step === "reverting") endRoll(turn, roll, "failed", roll.reason);
  else endRoll(turn, roll, "superseded", null);
}
