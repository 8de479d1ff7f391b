// How a roll begins, and how it ends when a newer one begins.

import type { ReleaseOrder } from "./commands.ts";
import type { PastGeneration } from "./history.ts";
import type { Generation, RollStep } from "./names.ts";
import { endRoll, viewOf } from "./roll.ts";
import { dropAddedSlots } from "./settings.ts";
import { SlotQueue } from "./slot-queue.ts";
import { announce, dismiss } from "./workers.ts";
import type { RestartRequest, Roll, Turn, World } from "./world.ts";

/** Takes up a restart request: the next generation's number is used, whatever becomes of it.
 *  @param past  the generation whose pinned release is to come back. */
export function beginRoll(turn: Turn, request: RestartRequest, past: PastGeneration | null): void {
  const { world } = turn;
  if (world.roll !== null) supersede(turn, world.roll);
  world.newestGeneration += 1;
  const to = world.newestGeneration;
  world.roll = {
    id: `roll-${to}`,
    requestId: request.requestId,
    entry: past?.entry ?? request.entry ?? world.entry,
    past,
    from: world.lastGood,
    fromRelease: world.pinned.get(world.lastGood)?.release ?? null,
    to,
    startedAtMs: turn.atMs,
    step: "resolving",
    changed: [],
    resizes: true,
    canary: null,
    canaryAtMs: turn.atMs,
    followers: new Set(),
    followersAtMs: Number.POSITIVE_INFINITY,
    analysis: null,
    lookAtMs: turn.atMs,
    pending: new SlotQueue(),
    failures: 0,
    killed: 0,
    moved: 0,
    reason: null,
  };
  const isNamed = request.entry !== null;
  resolveRelease(turn, to, { entry: world.roll.entry, isNamed, pinned: past?.release ?? null });
  announce(turn, { name: "roll:started", event: viewOf(world, world.roll) });
}

/** Of a roll whose release is pinned. */
export function firstStep({ config }: World): RollStep {
  return config.template === null ? "canary" : "template";
}

/** Has the release pinned; that too has a deadline. */
export function resolveRelease(
  turn: Turn,
  generation: Generation,
  order: Omit<ReleaseOrder, "config">,
): void {
  const { deadlines, config } = turn.world;
  turn.commands.push({ type: "ResolveRelease", generation, ...order, config });
  deadlines.push({ kind: "resolve", subject: generation, atMs: turn.atMs + config.bootTimeoutMs });
}

/** A newer request takes over: what this one has not finished booting goes; the newer roll sees to the rest. */
function supersede(turn: Turn, roll: Roll): void {
  for (const slot of turn.world.registry.slots.values()) {
    if (slot.incoming?.generation !== roll.to) continue;
    dismiss(turn, slot.incoming);
    if (slot.current === null) turn.world.vacant.add(slot.index);
  }
  dropAddedSlots(turn, roll);
  if (roll.step === "reverting") endRoll(turn, roll, "failed", roll.reason);
  else endRoll(turn, roll, "superseded", null);
}
