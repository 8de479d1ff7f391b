// The pure machine by itself: events per second on one core with 10, 1,000 and 10,000 slots, and its memory per slot.
// No process, no timer, no I/O: what remains is what each event costs the supervisor. The cost per event should hardly
// depend on the number of slots; the goal is at most twice as much with 10,000 as with 10.
//   pnpm bench:machine

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createMachine } from "@brood/core/engine";
import { heading, table } from "/work/main/bench/lib/report.mjs";

const SIZES = (process.env.SIZES ?? "10,1000,10000").split(",").map(Number);
const ROUNDS = 5;
const EVENTS_GOAL = 500_000;
const RATIO_GOAL = 2;
const USAGE = {
  requests: 1,
  connections: 1,
  tasks: 0,
  rssBytes: 50_000_000,
  eventLoopUtilization: 0.1,
  eventLoopDelayMs: 0,
};

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc");

/** A machine whose spawns and releases are answered at once. */
function createFleet(slots) {
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
  const fleet = { machine, atMs: 0, events: 0, live: [] };
  step(fleet, { type: "StartRequested", entry: "/srv/app/server.js" });
  fleet.live = [...machine.world.registry.slots.values()].map(({ current }) => current);
  return fleet;
}

/** One event and all that follows from it. What is done is let go of, as the supervisor does: a list of everything that a
 *  roll of 10,000 slots brings would be memory of the benchmark's own. */
function step(fleet, event) {
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

const exit = (worker, generation) => ({
  type: "WorkerExited",
  worker,
  generation,
  exitCode: 0,
  signal: null,
  stderr: "",
});

/** Lets time pass; deadlines are taken as they come up. */
function pass(fleet, forMs) {
  fleet.atMs += forMs;
  const dueAtMs = fleet.machine.nextDeadlineAtMs();
  if (dueAtMs !== null && dueAtMs <= fleet.atMs)
    step(fleet, { type: "DeadlinesReached", dueAtMs: fleet.atMs });
}

/** Every worker beats each two seconds. */
function heartbeats(fleet, count) {
  const stepMs = 2_000 / fleet.live.length;
  for (let index = 0; index < count; index += 1) {
    pass(fleet, stepMs);
    const { id, generation } = fleet.live[index % fleet.live.length];
    step(fleet, { type: "WorkerHeartbeat", worker: id, generation, usage: USAGE });
  }
}

/** Workers exit one after the other, each after 40 s; each is replaced. */
function respawns(fleet, count) {
  const { slots } = fleet.machine.world.registry;
  const goal = fleet.events + count;
  for (let index = 0; fleet.events < goal; index += 1) {
    pass(fleet, 40_000 / slots.size);
    const { current } = slots.get(index % slots.size);
    step(fleet, exit(current.id, current.generation));
  }
  fleet.live = [...slots.values()].map(({ current }) => current);
}

/** Whole rolls, one after the other, a tenth of the slots at a time. */
function rolls(fleet, count) {
  const goal = fleet.events + count;
  while (fleet.events < goal) {
    pass(fleet, 100_000);
    step(fleet, { type: "RestartRequested", requestId: `r${fleet.events}`, entry: null });
    if (fleet.machine.world.lastRoll?.result !== "completed") throw new Error("the roll did not complete");
  }
}

/** The best of some rounds: whatever else the host does only makes it slower. */
function eventsPerSecond(slots, work) {
  const fleet = createFleet(slots);
  let best = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = fleet.events;
    const startedAt = performance.now();
    work(fleet, 200_000);
    best = Math.max(best, ((fleet.events - before) / (performance.now() - startedAt)) * 1_000);
  }
  return best;
}

function bytesPerSlot(slots) {
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const fleet = createFleet(slots);
  fleet.live = [];
  collectGarbage();
  return (process.memoryUsage().heapUsed - before) / fleet.machine.world.registry.slots.size;
}

const works = Object.fromEntries(Object.entries({ heartbeats, respawns, rolls }).filter(([n]) => !process.env.WORK || n === process.env.WORK));
const rows = Object.entries(works).map(([name, work]) => {
  const rates = SIZES.map((size) => eventsPerSecond(size, work));
  const ratio = rates[0] / rates.at(-1);
  const isMet = rates.every((rate) => rate > EVENTS_GOAL) && ratio <= RATIO_GOAL;
  return [
    name,
    ...rates.map((rate) => Math.round(rate).toLocaleString("en")),
    ratio.toFixed(2),
    isMet ? "met" : "missed",
  ];
});
heading("The machine: events per second on one core", [
  `goals: more than ${EVENTS_GOAL.toLocaleString("en")} events/s, cost ratio at most ${RATIO_GOAL}`,
]);
table(["", ...SIZES.map((size) => `${size.toLocaleString("en")} slots`), "cost ratio", "goals"], rows);
console.log(`memory: ${Math.round(bytesPerSlot(10_000))} bytes a slot at 10,000 slots`);
