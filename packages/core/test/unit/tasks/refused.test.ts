// What is refused, aborted or mapped, in virtual time: a run that was refused leaves nothing behind, and the abort of many is cheap.
import { getEventListeners } from "node:events";
import { expect, it, onTestFinished } from "vitest";
import { PoolError } from "../../../src/errors.ts";
import { simulatedPool } from "./simulated-pool.ts";
import { type Fate, SimulatedFleet, VirtualTime } from "./simulated-workers.ts";

function world(options: Parameters<typeof simulatedPool>[0]) {
  const time = new VirtualTime();
  const fate: Fate = { draw: () => 0.5, bootFailures: 0, deathsPerTask: 0 };
  const fleet = new SimulatedFleet(time, fate);
  const pool = simulatedPool(options, time, fleet, fate.draw);
  /** Until then, after what was called now. */
  const until = async (ms: number): Promise<void> => {
    for (let turn = 0; turn < 8; turn += 1) await null;
    await time.run(ms);
  };
  return { until, fleet, pool };
}

const ONE = { minWorkers: 1, maxWorkers: 1 };
const task = (ms: number, id = 0) => ({ id, ms });
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "done",
    (error: unknown) => (error instanceof PoolError ? error.code : String(error)),
  );
const codesOf = async (promises: readonly Promise<unknown>[]) => Promise.all(promises.map(codeOf));

it("G80: a run that the full queue refuses is not touched by its signal any more", async () => {
  const { until, pool } = world({ ...ONE, maxQueue: 1 });
  await until(1_000);
  const accepted = [pool.run(task(300)), pool.run(task(300))];
  const stop = new AbortController();
  expect(await codeOf(pool.run(task(300), { signal: stop.signal }))).toBe("BROOD_QUEUE_FULL");
  expect(getEventListeners(stop.signal, "abort")).toEqual([]);
  stop.abort();
  await until(2_000);
  expect(await codesOf(accepted)).toEqual(["done", "done"]);
  expect(pool.queueSize).toBe(0);
});

it("G80: a run that was aborted before, that is misspelt or that cannot be read leaves no task and no listener", async () => {
  const { until, pool } = world(ONE);
  await until(1_000);
  const { signal } = new AbortController();
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const wrong = { signal, filename: "other.js" };
  const refused = [
    pool.run(task(1), { signal: AbortSignal.abort() }),
    pool.run(task(1), wrong),
    pool.run(proxy, { signal }),
  ];
  expect(await codesOf(refused)).toEqual(["BROOD_TASK_ABORTED", "BROOD_BAD_OPTION", "BROOD_NOT_CLONEABLE"]);
  await expect(refused[1]).rejects.toThrow(
    "did you mean a pool for each file: createTaskPool({ filename })?",
  );
  await expect(pool.run(1, { timeout: 5 } as object)).rejects.toThrow("(did you mean timeoutMs?)");
  expect(getEventListeners(signal, "abort")).toEqual([]);
  expect(pool.stats().tasks).toMatchObject({ queued: 0, sent: 0 });
});

it("20,000 runs of one signal have one listener, and are aborted in linear time", async () => {
  const warnings: string[] = [];
  const onWarning = ({ name }: Error): void => void warnings.push(name);
  process.on("warning", onWarning);
  onTestFinished(() => void process.off("warning", onWarning));
  const { until, pool } = world({ ...ONE, maxQueue: Number.POSITIVE_INFINITY });
  await until(1_000);
  const stop = new AbortController();
  const runs = Array.from({ length: 20_000 }, (_, id) => pool.run(task(50, id), { signal: stop.signal }));
  expect(getEventListeners(stop.signal, "abort")).toHaveLength(1);
  const beganAtMs = performance.now();
  stop.abort();
  // Quadratic it takes a minute and more.
  expect(performance.now() - beganAtMs).toBeLessThan(5_000);
  expect(new Set(await codesOf(runs))).toEqual(new Set(["BROOD_TASK_ABORTED"]));
  expect(getEventListeners(stop.signal, "abort")).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(warnings).toEqual([]);
  expect(pool.queueSize).toBe(0);
});

it("clear() and close({ force }) refuse what has not begun, and wait for what runs", async () => {
  const { until, pool } = world(ONE);
  await until(1_000);
  const runs = codesOf([pool.run(task(100)), pool.run(task(100)), pool.run(task(100))]);
  await until(1_010);
  expect(pool.clear()).toBe(2);
  await until(1_200);
  expect(await runs).toEqual(["done", "BROOD_TASK_ABORTED", "BROOD_TASK_ABORTED"]);
  const last = codesOf([pool.run(task(100)), pool.run(task(100))]);
  await until(1_210);
  const closing = pool.close({ force: true });
  await until(5_000);
  await closing;
  expect(await last).toEqual(["done", "BROOD_CLOSED"]);
});

it("drain is told as by piscina: every worker had all that it can run, and one has nothing to do now", async () => {
  const { until, pool } = world(ONE);
  await until(1_000);
  let drains = 0;
  pool.on("drain", () => {
    drains += 1;
  });
  const runs = [pool.run(task(100)), pool.run(task(100))];
  await until(1_150);
  expect(drains).toBe(0);
  await until(1_300);
  expect(await codesOf(runs)).toEqual(["done", "done"]);
  expect(drains).toBe(1);
});

it("runOnAll runs once on every worker that is ready, behind what it has", async () => {
  const { until, fleet, pool } = world({ minWorkers: 3, maxWorkers: 3 });
  await until(2_000);
  const busy = pool.run(task(100, 1));
  const all = pool.runOnAll(task(10, 2));
  await until(3_000);
  expect(await all).toHaveLength(3);
  await busy;
  expect(fleet.runs.get(2)).toBe(3);
  await expect(pool.runOnAll(1, { transferList: [] } as object)).rejects.toThrow(
    "option runOnAll.transferList",
  );
});

it("a task's time counts from when it is sent, also behind one that does not end", async () => {
  const { until, pool } = world({ ...ONE, abortGraceMs: 10_000, concurrentTasksPerWorker: 2 });
  await until(1_000);
  const slow = codeOf(pool.run(task(60_000), { timeoutMs: 5_000 }));
  const behind = codeOf(pool.run(task(1), { timeoutMs: 200 }));
  await until(1_250);
  expect(await behind).toBe("BROOD_TASK_TIMEOUT");
  await until(7_000);
  expect(await slow).toBe("BROOD_TASK_TIMEOUT");
});
