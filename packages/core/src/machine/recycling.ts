// Recycling: a worker that has done enough requests, grown too large, too slow or too old is replaced by one of the same
// release. Limits are drawn per worker with jitter so that workers of one age do not go together; permits come from
// the same budget as a roll's, and while a roll runs it replaces everybody anyway. While somebody waits for a size
// nobody is recycled, or it might never be reached.

import type { Worker } from "./registry.ts";
import { mayBoot, replaceCurrent } from "./replacement.ts";
import { draw, type Turn } from "./world.ts";

/** With the default beat of 5 s a quarter of a minute. */
const SLOW_BEATS = 3;

/** Draws this worker's limit of requests and its age; called when it becomes ready. */
export function drawLimits(turn: Turn, worker: Worker): void {
  const { recycle } = worker.config;
  if (recycle.requests !== null) {
    worker.requestsLimit = Math.max(1, Math.ceil(recycle.requests * (1 - recycle.jitter * draw(turn))));
  }
  if (recycle.ageMs !== null) {
    worker.recycleAtMs = turn.atMs + recycle.ageMs * (1 - recycle.jitter * draw(turn));
    turn.world.deadlines.push({ kind: "age", subject: worker.serial, atMs: worker.recycleAtMs });
  }
}

/** One slow beat is a burst or a collection of garbage; only a loop that stays slow is worn out. */
export function countSlowBeats(worker: Worker): void {
  const maxMs = worker.config.recycle.eventLoopDelayMs ?? Number.POSITIVE_INFINITY;
  worker.slowBeats = worker.usage.eventLoopDelayMs > maxMs ? worker.slowBeats + 1 : 0;
}

/** Looks at what the worker reported, and at its age; queues its slot when it is over a limit. With each heartbeat anew,
 *  because a slot that could not be queued (its replacement failed) must not be forgotten. */
export function considerRecycling(turn: Turn, worker: Worker): void {
  const { memoryBytes } = worker.config.recycle;
  const isSpent = worker.requestsLimit !== null && worker.usage.requests >= worker.requestsLimit;
  const isLarge = memoryBytes !== null && worker.usage.rssBytes > memoryBytes;
  const isSlow = worker.slowBeats >= SLOW_BEATS;
  const isOld = worker.recycleAtMs !== null && worker.recycleAtMs <= turn.atMs;
  if (isSpent || isLarge || isSlow || isOld) queueRecycling(turn, worker);
}

/** Queues the slot, unless its replacement boots already or waits for its back-off. */
function queueRecycling(turn: Turn, worker: Worker): void {
  const slot = turn.world.registry.slots.get(worker.slot);
  if (slot?.current !== worker || slot.incoming !== null || slot.backingOffUntilAtMs !== null) return;
  turn.world.recycling.add(slot.index);
}

/** Starts replacements as far as permits go. */
export function advanceRecycling(turn: Turn): void {
  const { registry, recycling, roll, lastGood, phase, waitingScales, isStopAnnounced } = turn.world;
  if (roll !== null || phase !== "running" || isStopAnnounced || waitingScales.length > 0) return;
  for (let index = recycling.first(); index !== null; index = recycling.first()) {
    const slot = registry.slots.get(index);
    const isSeated = slot !== undefined && slot.current !== null && slot.incoming === null;
    if (
      isSeated &&
      slot.backingOffUntilAtMs === null &&
      !(mayBoot(turn.world, lastGood) && replaceCurrent(turn, slot, lastGood))
    )
      return;
    recycling.delete(index);
  }
}
