// Restart intensity: how soon a slot whose worker failed is tried again. The first failure of an empty slot costs nothing
// (capacity first); each further one in a row waits a random time under a bound that doubles, 100 ms to 30 s, so that crash
// loops neither spin nor run in step. Per slot: the others are not held back.

import { BACK_OFF_BASE_MS, BACK_OFF_CAP_MS, FAILURES_FORGOTTEN_AFTER_MS } from "./config.ts";
import type { Milliseconds } from "./names.ts";
import type { Slot, Worker } from "./registry.ts";
import { draw, type Turn } from "./world.ts";

/** Counts the failure of the slot's worker and sets how long the slot waits; an empty slot's first one does not. */
export function recordFailure(turn: Turn, slot: Slot, worker: Worker): void {
  const { failuresForgottenAfterMs = FAILURES_FORGOTTEN_AFTER_MS } = turn.world.config;
  if (worker.readyAtMs !== null && turn.atMs - worker.readyAtMs >= failuresForgottenAfterMs)
    slot.failures = 0;
  slot.failures += 1;
  if (slot.failures === 1 && slot.current === null) return;
  pause(turn, slot, draw(turn) * backOffMaxMs(slot.failures - 1));
}

/** The bound of the wait after so many failures in a row, of those that have to wait. */
export function backOffMaxMs(failures: number): Milliseconds {
  return Math.min(BACK_OFF_CAP_MS, BACK_OFF_BASE_MS * 2 ** Math.max(0, failures - 1));
}

/** The slot is not filled before `forMs` have passed. */
export function pause(turn: Turn, slot: Slot, forMs: number): void {
  slot.backingOffUntilAtMs = turn.atMs + forMs;
  turn.world.deadlines.push({ kind: "back-off", subject: slot.index, atMs: slot.backingOffUntilAtMs });
}

/** Another release is coming: what the old one did is not held against the slot. */
export function forgetFailures(slot: Slot): void {
  slot.failures = 0;
  slot.backingOffUntilAtMs = null;
}
