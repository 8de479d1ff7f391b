// A pool in virtual time, over simulated workers. It logs nothing.

import { assemblePool } from "../../../src/tasks/create-task-pool.ts";
import type { Pool } from "../../../src/tasks/pool.ts";
import { checkPoolOptions } from "../../../src/tasks/pool-options.ts";
import type { TaskPoolOptions } from "../../../src/tasks/pool-types.ts";
import type { SimulatedFleet, VirtualTime } from "./simulated-workers.ts";

const logger = { debug() {}, info() {}, warn() {}, error() {} };

/** @param draw  its chance, from 0 to 1 */
export function simulatedPool(
  given: Omit<TaskPoolOptions, "filename" | "logger">,
  time: VirtualTime,
  fleet: SimulatedFleet,
  draw: () => number,
): Pool {
  const options = { ...given, filename: "/srv/tasks.js", logger };
  return assemblePool(checkPoolOptions(options), options, {
    clock: time,
    entropy: { next: draw },
    resolveRelease: async ({ entry }) => ({
      release: { entry, version: null, folder: "/srv", fingerprint: "f" },
    }),
    strategies: (plane) => ({ strategy: fleet.strategy(plane), templates: null }),
    defer: queueMicrotask,
    canTakeBack: () => true,
  });
}
