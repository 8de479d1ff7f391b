// Task processes forked from a template that has loaded the task file.

import { join } from "node:path";
import { createTaskPool } from "@brood/core";
import { describe, expect, it } from "vitest";
import { folder, within } from "../support.ts";
import { pool, refusal, TASKS } from "./support.ts";

const TEMPLATE = { runtime: "child_process", spawn: "template" } as const;

describe("template", () => {
  it("runs tasks in forked workers, with data, errors, environment and everything that can be cloned", async () => {
    const tasks = pool({
      ...TEMPLATE,
      minWorkers: 2,
      maxWorkers: 2,
      workerData: new Map([["a", 1n]]),
      env: { OWN: "1", WATCHDOG_USEC: "1" },
    });
    await within("ready", tasks.ready());
    expect(await tasks.run(41)).toBe(42);
    expect(await tasks.run(null, { name: "data" })).toEqual(new Map([["a", 1n]]));
    expect(await tasks.run("OWN", { name: "env" })).toBe("1");
    expect(await tasks.run("PATH", { name: "env" })).toBeUndefined();
    expect(await tasks.run("WATCHDOG_USEC", { name: "env" })).toBeUndefined();
    const value = { bytes: new Uint8Array([1, 2]), date: new Date(0), none: undefined };
    expect(await tasks.run(value, { name: "echo" })).toEqual(value);
    expect(await refusal(tasks.run("plain", { name: "fail" }))).toMatchObject({
      code: "E_OWN",
      extra: { deep: [1] },
    });
    expect(await refusal(tasks.run(null, { name: "unsendable" }))).toMatchObject({
      code: "BROOD_NOT_CLONEABLE",
    });
    expect(await refusal(tasks.run(() => {}))).toMatchObject({ code: "BROOD_NOT_CLONEABLE" });
    const answers = await within(
      "burst",
      Promise.all(Array.from({ length: 5_000 }, (_, index) => tasks.run(index))),
    );
    expect(answers.every((answer, index) => answer === index + 1)).toBe(true);
    expect(tasks.stats()).toMatchObject({
      spawn: "template",
      template: { state: "ready" },
      counters: { fallbacks: 0 },
    });
  });

  it("carries more at a time than its link can hold", async () => {
    const tasks = pool({ ...TEMPLATE, concurrentTasksPerWorker: 40 });
    await within("ready", tasks.ready());
    const values = Array.from({ length: 40 }, (_, index) => new Uint8Array(2 ** 20).fill(index));
    const sizes = values.map((value) =>
      tasks.run(value, { name: "echo" }).then((back) => Buffer.compare(value, back as Uint8Array)),
    );
    expect(await within("all", Promise.all(sizes), 50_000)).toEqual(values.map(() => 0));
    expect(tasks.stats().counters).toMatchObject({ spawned: 1, killed: 0 });
  });

  it.each([
    ["exit", 0, { exitCode: 0, signal: null }],
    ["exit", 7, { exitCode: 7, signal: null }],
    ["crash", null, { exitCode: 1 }],
    ["reject", null, { exitCode: 1 }],
    ["kill", "SIGKILL", { signal: "SIGKILL" }],
    ["hoard", null, { oom: true }],
  ])(
    "%s(%s) settles with a typed error, isolated or not, and the others do not notice",
    async (name, task, expected) => {
      for (const isolate of [false, true]) {
        const tasks = pool({ ...TEMPLATE, isolate, resourceLimits: { maxOldGenerationSizeMb: 40 } });
        const before = tasks.run(1);
        const lost = refusal(tasks.run(task, { name }));
        const after = [2, 3, 4].map((value) => tasks.run(value));
        expect(await lost).toMatchObject({ code: "BROOD_WORKER_EXITED", details: expected });
        expect(await within("the others", Promise.all([before, ...after]))).toEqual([2, 3, 4, 5]);
      }
    },
  );

  it("isolate gives each task a process of its own", async () => {
    const tasks = pool({ ...TEMPLATE, isolate: true, minWorkers: 2, maxWorkers: 2 });
    const pids = await within(
      "isolated",
      Promise.all(Array.from({ length: 20 }, () => tasks.run(null, { name: "pid" }))),
    );
    expect(new Set(pids).size).toBe(20);
    expect(tasks.stats().counters).toMatchObject({ crashed: 0, killed: 0 });
  });

  it("restart renews the template and its workers", async () => {
    const version = (number: number) => `export default () => ${number};`;
    const path = await folder({
      "v1.mjs": version(1),
      "v2.mjs": version(2),
      "v3.mjs": "throw new Error('broken')",
    });
    const tasks = pool({ ...TEMPLATE, filename: join(path, "v1.mjs") });
    expect(await within("v1", tasks.run(0))).toBe(1);
    expect(await tasks.restart({ filename: join(path, "v2.mjs") })).toMatchObject({ result: "completed" });
    expect(await tasks.run(0)).toBe(2);
    const failed = await tasks.restart({ filename: join(path, "v3.mjs") });
    expect(failed).toMatchObject({
      result: "failed",
      reason: { message: expect.stringContaining("broken") },
    });
    expect(await tasks.run(0)).toBe(2);
  });

  it("threads cannot be forked", () => {
    expect(() => createTaskPool({ filename: TASKS, spawn: "template" })).toThrow(
      /option spawn: got "template"/,
    );
  });
});
