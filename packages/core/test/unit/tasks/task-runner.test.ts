// A worker's loop: it gives the event loop back while tasks wait, and rests only when none do.
import { performance } from "node:perf_hooks";
import { expect, it } from "vitest";
import { RUN } from "../../../src/link/task-protocol.ts";
import { TaskModule } from "../../../src/worker/task-module.ts";
import { TaskRunner } from "../../../src/worker/task-runner.ts";

it("tells what can wait when nothing more is to be done, not each time it gives the event loop back", async () => {
  const told: string[] = [];
  const channel = {
    isCheap: true,
    post: () => {},
    claim: () => true,
    place: (seq: number) => told.push(`result ${seq}`) > 0,
    rest: () => void told.push("rest"),
  };
  const spin = (untilMs: number): void => {
    while (performance.now() < untilMs);
  };
  const release = { entry: "/srv/tasks.js", version: null, folder: "/srv", fingerprint: "f" };
  const worker = { slot: 0, worker: "w1", generation: 1, release, runtime: "worker_threads" } as const;
  const handlers = new TaskModule({ spin: () => spin(performance.now() + 6) });
  const order = { concurrency: 1, defaultName: "spin" };
  const runner = new TaskRunner(handlers, order, channel, { worker, workerData: null });
  runner.receive([RUN, 1, null, [0, 0, 0], [0, 0, 0]]);
  expect(told).toEqual(["result 1"]);
  while (told.length < 4) await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual(["result 1", "result 2", "result 3", "rest"]);
});
