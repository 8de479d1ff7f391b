// What a task gave is the caller's alone: the pool keeps nothing of it.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { simulatedPool } from "./simulated-pool.ts";
import { SimulatedFleet, VirtualTime } from "./simulated-workers.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

it("keeps no result once its caller has forgotten it, the last one neither", async () => {
  const time = new VirtualTime();
  const fleet = new SimulatedFleet(time, { draw: () => 0.5, bootFailures: 0, deathsPerTask: 0 });
  const pool = simulatedPool({ minWorkers: 1, maxWorkers: 1 }, time, fleet, () => 0.5);
  const results: WeakRef<object>[] = [];
  for (const id of [1, 2]) {
    void pool.run({ id, ms: 1 }).then((result) => results.push(new WeakRef(result as object)));
    await time.run(2_000 * id);
  }
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect(results.map((result) => result.deref())).toEqual([undefined, undefined]);
  const closing = pool.close();
  await time.run(60_000);
  await closing;
});
