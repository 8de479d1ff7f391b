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

/** One event and all that follows from it. What is done is let go of, as the supervisor does: a list of everything that a
 *  roll of 10,000 slots brings would be memory of the benchmark's own. */
export function step(fleet, event) {
  for (let wave = [event]; wave.length > 0; ) {
    const following = [];
    for (const next of wave) {
      for (const command of fleet.machine.step(next, { atMs: fleet.atMs, entropy: 0.5 }))
        answer(fleet, command, following);
    }
    fleet.events += wave.length;
    wave = following;
  }
}

function answer(fleet, command, following) {
  if (command.type === "ResolveRelease") {
    const { generation } = command;
    const release = { entry: `/srv/r${generation}/server.js`, version: null, fingerprint: "f" };
    following.push({ type: "ReleaseResolved", generation, release });
  } else if (command.type === "SpawnWorker") {
    const { worker, generation, release } = command;
    const reported = { worker, generation, release, pid: 1 };
    following.push({ type: "WorkerSpawned", worker, generation, pid: 1 });
    following.push({ type: "WorkerReported", worker, generation, reported });
    following.push({ type: "WorkerReady", worker, generation });
  } else if (command.type === "DrainWorker" || command.type === "KillWorker") {
    const { generation } = fleet.machine.world.registry.workers.get(command.worker);
    following.push(exit(command.worker, generation));
  }
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
