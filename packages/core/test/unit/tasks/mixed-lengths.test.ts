// Tasks of 1 ms and of 50 ms mixed, in virtual time: what is sent ahead of its turn costs the short ones nothing that shows.

import { describe, expect, it } from "vitest";
import { simulatedPool } from "./simulated-pool.ts";
import { SimulatedFleet, VirtualTime } from "./simulated-workers.ts";

const COUNT = 4_000;

interface Measured {
  /** Of the short ones. */
  readonly p99Ms: number;
  readonly totalMs: number;
}

/** One task in `longEach` takes 50 ms; `clients` tasks are under way on two workers. */
async function measured(batching: "auto" | "off", clients: number, longEach: number): Promise<Measured> {
  const time = new VirtualTime();
  const fleet = new SimulatedFleet(time, { draw: () => 0.5, bootFailures: 0, deathsPerTask: 0 });
  const pool = simulatedPool({ minWorkers: 2, maxWorkers: 2, batching }, time, fleet, () => 0.5);
  await time.run(2_000);
  const times: number[] = [];
  let [next, endedAtMs] = [0, 0];
  const client = async (): Promise<void> => {
    while (next < COUNT) {
      const id = next++;
      const isLong = id % longEach === 0;
      const beganAtMs = time.now();
      await pool.run({ id, ms: isLong ? 50 : 1 });
      if (!isLong) times.push(time.now() - beganAtMs);
    }
    endedAtMs = time.now();
  };
  const all = Promise.all(Array.from({ length: clients }, client));
  await time.run(60_000);
  await all;
  const closing = pool.close();
  await time.run(120_000);
  await closing;
  times.sort((a, b) => a - b);
  return { p99Ms: times[Math.floor(times.length * 0.99)] ?? Number.NaN, totalMs: endedAtMs - 2_000 };
}

describe("tasks of 1 ms and 50 ms mixed", () => {
  it.each([
    [4, 20],
    [4, 33],
    [8, 50],
    [16, 20],
  ])(
    "%i under way, one in %i long: the p99 of the short ones is at most a tenth or 2 ms more than unbatched",
    async (clients, longEach) => {
      const [batched, unbatched] = [
        await measured("auto", clients, longEach),
        await measured("off", clients, longEach),
      ];
      const limitMs = Math.max(unbatched.p99Ms * 1.1, unbatched.p99Ms + 2);
      expect(batched.p99Ms).toBeLessThanOrEqual(limitMs);
      // One short task at the very end may still stand behind a long one for a look or two.
      expect(batched.totalMs).toBeLessThanOrEqual(unbatched.totalMs + 5);
    },
  );
});
