// One measurement in a process of its own: prints events per second and bytes per slot as JSON.
//   node measure.mjs <work> <slots>

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createFleet } from "./fleet.mjs";
import { heartbeats, respawns, rolls } from "./works.mjs";

const WORKS = { heartbeats, respawns, rolls };

const ROUNDS = 7;
const EVENTS = 200_000;
/** Until V8 has compiled what is hot and the young generation has found its size. */
const WARM_UP_EVENTS = 500_000;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc");

/** The best of some rounds: whatever else the host does only makes it slower. */
function eventsPerSecond(work, slots) {
  const fleet = createFleet(slots);
  work(fleet, WARM_UP_EVENTS);
  let best = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = fleet.events;
    const startedAt = process.cpuUsage();
    work(fleet, EVENTS);
    const { user, system } = process.cpuUsage(startedAt);
    best = Math.max(best, ((fleet.events - before) / (user + system)) * 1_000_000);
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

const [name, slots] = process.argv.slice(2);
const bytes = bytesPerSlot(Number(slots));
const rate = eventsPerSecond(WORKS[name], Number(slots));
console.log(JSON.stringify({ rate, bytes }));
