// A machine with so many slots, and a world around it that answers at once: what is ordered is spawned, reports and is
// ready; what is to go goes.

import { createMachine } from "@brood/core/engine";

/** A machine whose spawns and releases are answered at once. Its clock has fractions of milliseconds, as a real one. */
export function createFleet(slots) {
  const machine = createMachine({
    desired: slots,
    bootTimeoutMs: 30_000,
    minHealthyMs: 0,
    drainTimeoutMs: 30_000,
    heartbeatTimeoutMs: 120_000,
    maxSurge: Math.ceil(slots / 10),
    maxUnavailable: 0,
    maxFailures: 3,
    bootConcurrency: slots,
    onReleaseChanged: "warn",
    template: null,
    recycle: { requests: null, jitter: 0, memoryBytes: null, ageMs: null, eventLoopDelayMs: null },
    canary: null,
  });
  const fleet = { machine, atMs: 0.5, events: 0, live: [] };
  step(fleet, { type: "StartRequested", entry: "/srv/app/server.js" });
  fleet.live = [...machine.world.registry.slots.values()].map(({ current }) => current);
  return fleet;
}

/** What somebody has to answer. */
const ORDERS = new Set(["ResolveRelease", "SpawnWorker", "DrainWorker", "KillWorker"]);

/** One event and all that follows from it. An event is made when its turn comes and let go of at once, as the supervisor
 *  does: those of a roll of 10,000 slots in a list would be memory of the benchmark's own. */
export function step(fleet, event) {
  for (let wave = ordersAfter(fleet, event, []); wave.length > 0; ) {
    const following = [];
    for (const order of wave) for (const next of answersTo(fleet, order)) ordersAfter(fleet, next, following);
    wave = following;
  }
}

function ordersAfter(fleet, event, orders) {
  fleet.events += 1;
  for (const command of fleet.machine.step(event, { atMs: fleet.atMs, entropy: 0.5 }))
    if (ORDERS.has(command.type)) orders.push(command);
  return orders;
}

function answersTo(fleet, { type, worker, generation, release }) {
  if (type === "ResolveRelease") {
    const resolved = {
      entry: `/srv/r${generation}/server.js`,
      version: null,
      folder: "/srv",
      fingerprint: "f",
    };
    return [{ type: "ReleaseResolved", generation, release: resolved }];
  }
  if (type === "SpawnWorker") {
    const reported = { worker, generation, release, pid: 1 };
    return [
      { type: "WorkerSpawned", worker, generation, pid: 1 },
      { type: "WorkerReported", worker, generation, reported },
      { type: "WorkerReady", worker, generation },
    ];
  }
  return [exit(worker, fleet.machine.world.registry.workers.get(worker).generation)];
}

export const exit = (worker, generation) => ({
  type: "WorkerExited",
  worker,
  generation,
  exitCode: 0,
  signal: null,
  stderr: "",
});

/** Lets time pass; deadlines are taken as they come up. */
export function pass(fleet, forMs) {
  fleet.atMs += forMs;
  const dueAtMs = fleet.machine.nextDeadlineAtMs();
  if (dueAtMs !== null && dueAtMs <= fleet.atMs)
    step(fleet, { type: "DeadlinesReached", dueAtMs: fleet.atMs });
}
