// The registry keeps counts so that no decision has to scan; a recount must give the same.

import type { Generation, World } from "@brood/core/engine";
import type { Invariant } from "./invariant.ts";

export function countsAreRight(): Invariant {
  return {
    name: "counts-are-right",
    check({ world }) {
      const counted = recount(world);
      const { registry } = world;
      for (const name of ["currents", "surging", "leaving", "booting"] as const) {
        if (registry[name] !== counted[name])
          return `${name} is ${registry[name]}, recounted ${counted[name]}`;
      }
      for (let generation = 1; generation <= world.newestGeneration; generation += 1) {
        const alive = counted.alive.get(generation) ?? 0;
        const current = counted.current.get(generation) ?? 0;
        if (registry.aliveOf(generation) !== alive) return `aliveOf(${generation}) is not ${alive}`;
        if (registry.currentOf(generation) !== current) return `currentOf(${generation}) is not ${current}`;
      }
      return null;
    },
  };
}

function recount({ registry }: World): {
  readonly currents: number;
  readonly surging: number;
  readonly leaving: number;
  readonly booting: number;
  readonly alive: ReadonlyMap<Generation, number>;
  readonly current: ReadonlyMap<Generation, number>;
} {
  const alive = new Map<Generation, number>();
  const current = new Map<Generation, number>();
  let [currents, surging, leaving, booting] = [0, 0, 0, 0];
  for (const slot of registry.slots.values()) {
    if (slot.current === null) continue;
    currents += 1;
    surging += Number(slot.incoming !== null);
    add(current, slot.current.generation);
  }
  for (const worker of registry.workers.values()) {
    leaving += Number(worker.role === "leaving" && worker.state !== "lingering");
    booting += Number(["spawning", "held", "booting"].includes(worker.state));
    add(alive, worker.generation);
  }
  return { currents, surging, leaving, booting, alive, current };
}

function add(counts: Map<Generation, number>, generation: Generation): void {
  counts.set(generation, (counts.get(generation) ?? 0) + 1);
}
