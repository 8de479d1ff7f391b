// Workers that leave though we did not ask: an operator's TERM, or a signal to the whole process group (Ctrl-C, systemd). A
// worker that is signalled asks. The answer waits for a moment: when the supervisor was signalled too, its stop comes in that
// time and decides about everybody. Otherwise the one worker drains and its seat is filled. Soon after it was ready, or
// again and again, this speaks against its release, or a roll would never end.

import { LEFT_PAUSE_MS } from "./config.ts";
import { pause, recordFailure } from "./intensity.ts";
import * as reasons from "./reasons.ts";
import type { Slot, Worker } from "./registry.ts";
import { expel, refill } from "./slots.ts";
import { dismiss, drain } from "./workers.ts";
import type { Turn } from "./world.ts";

/** It asks whether it is to leave. */
export function signalled(turn: Turn, worker: Worker): void {
  if (worker.role === "leaving") return;
  turn.world.deadlines.push({ kind: "signalled", subject: worker.serial, atMs: turn.atMs + LEFT_PAUSE_MS });
}

/** Nobody has stopped the service since: the signal was for this worker alone. */
export function leaveAsSignalled(turn: Turn, worker: Worker): void {
  const { registry, phase, isStopAnnounced } = turn.world;
  if (worker.role === "leaving" || isStopAnnounced || (phase !== "running" && phase !== "starting")) return;
  if (worker.state !== "ready") return expel(turn, worker, reasons.signalledInBoot(worker));
  const slot = registry.slots.get(worker.slot);
  dismiss(turn, worker);
  if (slot === undefined) return;
  countLeft(turn, slot, worker);
  refill(turn, slot, worker, false);
}

/** It drains already. */
export function leftOnItsOwn(turn: Turn, worker: Worker): void {
  const { registry } = turn.world;
  const slot = registry.slots.get(worker.slot);
  registry.leave(worker);
  drain(turn, worker);
  if (slot === undefined) return;
  countLeft(turn, slot, worker);
  pause(turn, slot, Math.max(LEFT_PAUSE_MS, (slot.backingOffUntilAtMs ?? 0) - turn.atMs));
  refill(turn, slot, worker, false);
}

function countLeft(turn: Turn, slot: Slot, worker: Worker): void {
  const uptimeMs = turn.atMs - (worker.readyAtMs ?? turn.atMs);
  recordFailure(turn, slot, worker);
  if (uptimeMs < worker.config.minHealthyMs || slot.failures >= turn.world.config.maxFailures)
    worker.fault ??= reasons.leftEarly(worker, uptimeMs);
}
