// Who is told that a worker failed: the start, the roll, and callers who wait for a size. Called once for each failed
// worker, when its process has gone, so that exit code and stderr are known.

import type { FailureReason } from "./names.ts";
import type { Worker } from "./registry.ts";
import { countRollFailure } from "./roll-failure.ts";
import { kill } from "./workers.ts";
import type { Turn } from "./world.ts";

export function workerFailed(turn: Turn, worker: Worker, reason: FailureReason, isEarly: boolean): void {
  const { world } = turn;
  // It was told to go and was too slow: that says nothing about its release.
  if (reason.code === "BROOD_DRAIN_TIMEOUT") return;
  if (world.phase !== "starting" && world.phase !== "running") return;
  const failures = world.registry.slots.get(worker.slot)?.failures ?? 0;
  const isLooping = failures >= world.config.maxFailures;
  // While it is looked at, nothing excuses the canary.
  const isCanary = world.roll?.step === "canary" && world.roll.canary === worker.id;
  const speaksAgainstRelease =
    isEarly ||
    isCanary ||
    isLooping ||
    reason.code === "BROOD_HEARTBEAT_TIMEOUT" ||
    reason.code === "BROOD_PROTOCOL";
  if (speaksAgainstRelease && world.phase === "starting") return countStartFailure(turn, reason);
  if (speaksAgainstRelease) countRollFailure(turn, worker, reason);
  if (isLooping) settleScales(turn, reason);
}

/** Everybody who waits for a size gets the same answer. */
export function settleScales(turn: Turn, reason: FailureReason | null): void {
  if (turn.world.waitingScales.length === 0) return;
  for (const requestId of turn.world.waitingScales.splice(0)) {
    turn.commands.push({ type: "SettleScale", requestId, reason });
  }
}

/** The first generation has one try while nobody is ready, and `maxFailures` after that. Then nothing is left running. */
export function countStartFailure(turn: Turn, reason: FailureReason): void {
  const { world } = turn;
  world.startFailures += 1;
  if (world.registry.currents > 0 && world.startFailures < world.config.maxFailures) return;
  world.startReason ??= reason;
  world.phase = "stopping";
  for (const worker of world.registry.workers.values()) kill(turn, worker, null);
}
