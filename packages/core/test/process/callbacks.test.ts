// G76: a callback of the embedding program that throws, rejects or gives something else is an `error` event with its name, and
// nothing else happens to anybody.
import { join } from "node:path";
import { createService, createTaskPool, type Logger, type PoolError } from "@brood/core";
import { expect, it, onTestFinished } from "vitest";
import { folder, nextEvent, pidsOf, within } from "./support.ts";
import { TASKS } from "./tasks/support.ts";

const badly = (): never => {
  throw null;
};
const later = (): never => Promise.reject(Object.create(null)) as never;
/** What throws whatever is done with it. */
const hostile = new Proxy(() => {}, { apply: badly, get: badly, has: badly });

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function callbacksOf(told: PoolError[]): string[] {
  return told.map(({ code, details }) =>
    code === "BROOD_CALLBACK_FAILED" ? String(details["callback"]) : code,
  );
}

it("G76: callbacks of a service that fail are error events, and every worker lives", async () => {
  const path = await folder({
    "app.mjs": "export default ({ post }) => ({ message: (value) => post({ value }) });",
  });
  const logger = { debug: hostile, info: later, warn: hostile, error: badly } as unknown as Logger;
  const made = createService({
    entry: join(path, "app.mjs"),
    workers: 2,
    logger,
    slotClosed: badly,
    takeMessage: later,
  });
  const told: PoolError[] = [];
  onTestFinished(() => within("stop", made.stop({ now: true })));
  made.on("error", (error) => {
    told.push(error as PoolError);
    throw error;
  });
  made.on("worker:ready", later);
  made.on("worker:message", hostile);
  await within("start", made.start());
  const [first, second] = pidsOf(made);
  const heard = nextEvent(made, "worker:message");
  const worker = made.stats().workers[0]?.worker ?? "w0";
  made.post(worker, "hello");
  expect(await heard).toMatchObject({ payload: { value: "hello" } });
  await within("scale", made.scale(1));
  const others = [first, second].map((pid) => isAlive(pid ?? 0));
  expect(others).toContain(true);
  expect(made.stats()).toMatchObject({ state: "running", ready: 1 });
  const seen = callbacksOf(told);
  expect(seen.filter((each) => each === "slotClosed")).toHaveLength(1);
  expect(new Set(seen)).toEqual(
    new Set([
      "logger",
      "slotClosed",
      "takeMessage",
      "listener of worker:ready",
      "listener of worker:message",
    ]),
  );
  await within("stop", made.stop());
});

it("G76: sockets that a callback does not give are a worker that cannot be spawned", async () => {
  const path = await folder({ "app.mjs": "export default () => ({});" });
  for (const sockets of [badly, later, () => [{ fd: -1 }]]) {
    const made = createService({ entry: join(path, "app.mjs"), workers: 1, sockets: sockets as never });
    const told: PoolError[] = [];
    made.on("error", (error) => told.push(error as PoolError));
    await expect(within("start", made.start())).rejects.toMatchObject({
      code: "BROOD_SPAWN_FAILED",
      message: expect.stringContaining("callback sockets"),
    });
    expect(new Set(callbacksOf(told))).toEqual(new Set(["sockets"]));
  }
});

it("G76: a queue and a balancer of the user's own that fail cost no task its outcome", async () => {
  class Forgetful {
    readonly size = 0;
    push = badly;
    shift = later;
    remove = badly;
  }
  const made = createTaskPool({
    filename: TASKS,
    minWorkers: 1,
    maxWorkers: 2,
    taskQueue: new Forgetful(),
    loadBalancer: later,
  });
  onTestFinished(() => within("destroy", made.destroy()));
  const told: PoolError[] = [];
  made.on("error", (error) => told.push(error as PoolError));
  const signal = AbortSignal.abort();
  const runs = Array.from({ length: 20 }, (_, at) => made.run(at, at === 7 ? { signal } : {}));
  const outcomes = await within("every run", Promise.allSettled(runs));
  expect(outcomes.map((each) => (each.status === "fulfilled" ? each.value : each.reason.code))).toEqual(
    Array.from({ length: 20 }, (_, at) => (at === 7 ? "BROOD_TASK_ABORTED" : at + 1)),
  );
  expect(new Set(callbacksOf(told))).toEqual(new Set(["taskQueue.push", "loadBalancer"]));
});
