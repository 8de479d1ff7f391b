// A slot whose workers fail is not filled before its back-off has ended (unless a roll brings it another release), and no
// slot fails over and over: without an upper bound, one bad release burns a core for ever.

import type { SlotIndex } from "@brood/core/engine";
import type { Observation } from "../observation.ts";
import { commandsOf } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

const WINDOW_MS = 10_000;
/** Doubling from 100 ms gives about ten tries in the window, a lucky draw some more, and faults from outside a few. */
const FAILURES_MAX = 24;
/** A request brings another release or a new slot: the failures so far are forgiven. */
const FAILURES_PER_REQUEST = 6;

export function backOff(): Invariant {
  let waiting: ReadonlyMap<SlotIndex, number> = new Map();
  let requestsAtMs: number[] = [];
  let wasRolling = false;
  const failedAtMs = new Map<SlotIndex, number[]>();
  return {
    name: "back-off",
    check(observation) {
      const { atMs, event, world } = observation;
      const before = waiting;
      waiting = waitingSlots(observation);
      const isByRoll = wasRolling || world.roll !== null;
      wasRolling = world.roll !== null;
      requestsAtMs = requestsAtMs.filter((requestedAtMs) => requestedAtMs > atMs - WINDOW_MS);
      if (event.type === "RestartRequested" || event.type === "ScaleRequested") requestsAtMs.push(atMs);
      const allowed = FAILURES_MAX + FAILURES_PER_REQUEST * requestsAtMs.length;
      for (const { slot, worker } of commandsOf(observation, "SpawnWorker")) {
        const untilMs = before.get(slot) ?? 0;
        if (untilMs > atMs && !isByRoll) return `worker=${worker} slot=${slot} comes before ${untilMs}`;
      }
      for (const { announcement } of commandsOf(observation, "Publish")) {
        if (announcement.name !== "worker:exited") continue;
        const { slot, reason } = announcement.event;
        if (reason === null || reason.code === "BROOD_DRAIN_TIMEOUT") continue;
        const recent = (failedAtMs.get(slot) ?? []).filter((failed) => failed > atMs - WINDOW_MS);
        recent.push(atMs);
        failedAtMs.set(slot, recent);
        if (recent.length > allowed) return `slot=${slot} failed ${recent.length} times in ${WINDOW_MS} ms`;
      }
      return null;
    },
  };
}

function waitingSlots({ world }: Observation): ReadonlyMap<SlotIndex, number> {
  const slots = new Map<SlotIndex, number>();
  for (const { index, backingOffUntilAtMs } of world.registry.slots.values()) {
    if (backingOffUntilAtMs !== null) slots.set(index, backingOffUntilAtMs);
  }
  return slots;
}
