// The end of every turn: whatever can go on goes on, and whoever waited for what is now true is told.
// Capacity first: empty slots are filled before a roll or a recycling gets a permit to boot.

import { settleScales } from "./failure.ts";
import { recordGeneration } from "./history.ts";
import { advanceRecycling } from "./recycling.ts";
import { refuseRestart, takeUp } from "./requests.ts";
import { advanceRoll, judgeCanary } from "./roll-progress.ts";
import { fillVacantSlots } from "./slots.ts";
import { tendTemplates } from "./templates.ts";
import type { Turn } from "./world.ts";

export function settle(turn: Turn): void {
  const { world } = turn;
  if (world.phase === "stopping") return settleStop(turn);
  if (world.phase !== "starting" && world.phase !== "running") return;
  judgeCanary(turn);
  fillVacantSlots(turn);
  advanceRoll(turn);
  advanceRecycling(turn);
  fillVacantSlots(turn);
  tendTemplates(turn);
  const { registry, desired, surplus } = world;
  const isFull = registry.slots.size === desired && registry.currents === desired;
  const { startsWith } = world.config;
  const hasStarted = startsWith === undefined ? isFull : registry.currents >= Math.min(desired, startsWith);
  if (hasStarted && world.phase === "starting") settleStart(turn);
  if (isFull && surplus.size === 0) settleScales(turn, null);
}

function settleStart(turn: Turn): void {
  const { world } = turn;
  world.phase = "running";
  world.lastGood = 1;
  recordGeneration(world, 1, world.entry);
  turn.commands.push({ type: "SettleStart", reason: null });
  const waiting = world.waitingRestart;
  world.waitingRestart = null;
  if (waiting === null) return;
  takeUp(turn, waiting);
  advanceRoll(turn);
}

function settleStop(turn: Turn): void {
  const { world, commands } = turn;
  tendTemplates(turn);
  if (world.registry.workers.size > 0 || world.templates.alive.size > 0) return;
  world.phase = "stopped";
  if (world.startReason !== null) {
    const waiting = world.waitingRestart;
    world.waitingRestart = null;
    if (waiting !== null) refuseRestart(turn, waiting.requestId, "failed", world.startReason);
    settleScales(turn, world.startReason);
    commands.push({ type: "SettleStart", reason: world.startReason });
  }
  commands.push({ type: "SettleStop" });
}
