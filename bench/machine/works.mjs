// What the machine is kept busy with: about `count` events of one kind of life.

import { exit, pass, step } from "./fleet.mjs";

const USAGE = {
  requests: 1,
  connections: 1,
  tasks: 0,
  rssBytes: 50_000_000,
  eventLoopUtilization: 0.1,
  eventLoopDelayMs: 0,
};

/** Every worker beats each two seconds. */
export function heartbeats(fleet, count) {
  const stepMs = 2_000 / fleet.live.length;
  for (let index = 0; index < count; index += 1) {
    pass(fleet, stepMs);
    const { id, generation } = fleet.live[index % fleet.live.length];
    step(fleet, { type: "WorkerHeartbeat", worker: id, generation, usage: USAGE });
  }
}

/** Workers exit one after the other, each after 40 s; each is replaced. */
export function respawns(fleet, count) {
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
export function rolls(fleet, count) {
  const goal = fleet.events + count;
  while (fleet.events < goal) {
    pass(fleet, 100_000);
    step(fleet, { type: "RestartRequested", requestId: `r${fleet.events}`, entry: null });
    if (fleet.machine.world.lastRoll?.result !== "completed") throw new Error("the roll did not complete");
  }
}
