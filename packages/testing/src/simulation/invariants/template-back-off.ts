// A template that fails is built again, but not in a loop: not before its back-off has ended, and only so often in a while.
// Without an upper bound one release that does not load burns a core for ever.

import type { Generation } from "@brood/core/engine";
import { commandsOf, type Observation } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

const WINDOW_MS = 10_000;
/** Doubling from 100 ms gives about nine tries in the window; a lucky draw some more. */
const BUILDS_MAX = 20;

export function templateBackOff(): Invariant {
  let waiting: ReadonlyMap<Generation, number> = new Map();
  const builtAtMs = new Map<Generation, number[]>();
  return {
    name: "template-back-off",
    check(observation) {
      const { atMs } = observation;
      const before = waiting;
      waiting = waitingSeats(observation);
      for (const { template, generation } of commandsOf(observation, "SpawnTemplate")) {
        const name = `template=${template} gen=${generation}`;
        const untilMs = before.get(generation) ?? 0;
        if (untilMs > atMs) return `${name} is built before ${untilMs}`;
        const recent = (builtAtMs.get(generation) ?? []).filter((built) => built > atMs - WINDOW_MS);
        recent.push(atMs);
        builtAtMs.set(generation, recent);
        if (recent.length > BUILDS_MAX) return `${name} is the ${recent.length}th in ${WINDOW_MS} ms`;
      }
      return null;
    },
  };
}

function waitingSeats({ world }: Observation): ReadonlyMap<Generation, number> {
  const seats = new Map<Generation, number>();
  for (const { generation, backingOffUntilAtMs } of world.templates.seats.values())
    if (backingOffUntilAtMs !== null) seats.set(generation, backingOffUntilAtMs);
  return seats;
}
