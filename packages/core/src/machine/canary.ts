// The canary: the first worker of a new generation, and the only one that serves. It gets an empty slot if there is one
// (a service whose slots all crash is mended by a good release), else a seat beside a current worker, which goes on
// serving meanwhile. Only when it has been ready for `minHealthyMs`, and with analysis answers no worse, does it take the
// seat and the others follow; the first of them have booted by then (`followers.ts`).

import { analyse, isAnalysed } from "./analysis.ts";
import type { FailureReason } from "./names.ts";
import type { Slot } from "./registry.ts";
import { maySpawn, replaceCurrent } from "./replacement.ts";
import { promote } from "./slots.ts";
import { spawnInto } from "./workers.ts";
import type { Roll, Turn } from "./world.ts";

/** What is known of the canary: not enough yet, that its generation may follow (it has taken its seat), or why it may not. */
export function verdictOn(turn: Turn, roll: Roll): "open" | "proven" | FailureReason {
  const { registry, config } = turn.world;
  const canary = roll.canary === null ? undefined : registry.workers.get(roll.canary);
  if (canary === undefined || canary.role === "leaving" || canary.readyAtMs === null) return "open";
  if (turn.atMs < canary.readyAtMs + config.minHealthyMs) return "open";
  const regression = config.canary === null ? null : analyse(turn, roll, config.canary);
  if (regression !== null) return regression;
  if (config.canary !== null && !isAnalysed(roll)) return "open";
  const slot = registry.slots.get(canary.slot);
  if (slot !== undefined && slot.incoming === canary) promote(turn, slot);
  return "proven";
}

/** Sends a canary when there is none, or the last one was taken away through no fault of its own. It needs no permit to
 *  boot: empty slots whose workers boot in vain would hold all of them, and a good release could never mend that. */
export function sendCanary(turn: Turn, roll: Roll): void {
  const canary = roll.canary === null ? undefined : turn.world.registry.workers.get(roll.canary);
  if (canary !== undefined && (canary.role !== "leaving" || canary.fault !== null)) return;
  if (turn.atMs < roll.canaryAtMs) return;
  const slot = findSlot(turn);
  if (slot === null || !maySpawn(turn.world, roll.to)) return;
  if (slot.current === null) {
    slot.backingOffUntilAtMs = null;
    roll.canary = spawnInto(turn, slot, roll.to).id;
  } else if (replaceCurrent(turn, slot, roll.to)) {
    roll.canary = slot.incoming?.id ?? null;
  }
}

/** An empty slot, else the first one with only a current worker. */
function findSlot(turn: Turn): Slot | null {
  let seated: Slot | null = null;
  for (const slot of turn.world.registry.slots.values()) {
    if (slot.incoming !== null) continue;
    if (slot.current === null) return slot;
    seated ??= slot;
  }
  return seated;
}
