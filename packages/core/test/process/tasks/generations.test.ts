// New code in a running pool: no task is lost, what is submitted after restart() has resolved runs the new code, and a broken
// file leaves the old one working.
import { promises as fs } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folder, within } from "../support.ts";
import { pool, RUNTIMES, refusal } from "./support.ts";

const version = (number: number) => `
  export default async (ms) => { if (ms) await new Promise((r) => setTimeout(r, ms)); return ${number}; };
  export const exit = () => process.exit(1);`;

describe.each(RUNTIMES)("restart over %s", (runtime) => {
  it("renews the code under load without losing a task", async () => {
    const path = await folder({ "v1.mjs": version(1), "v2.mjs": version(2) });
    const tasks = pool({
      runtime,
      filename: join(path, "v1.mjs"),
      minWorkers: 2,
      maxWorkers: 2,
      maxQueue: 100_000,
    });
    await tasks.ready();
    const answers: unknown[] = [];
    let isOver = false;
    const load = (async () => {
      while (!isOver) {
        answers.push(
          ...(await Promise.all(
            Array.from({ length: 200 }, (_, index) => tasks.run(index % 50 === 0 ? 5 : 0)),
          )),
        );
      }
    })();
    const slow = tasks.run(800);
    const result = await within("restart", tasks.restart({ filename: join(path, "v2.mjs") }));
    expect(result).toMatchObject({ result: "completed", from: 1, to: 2, replaced: 2, killed: 0 });
    const fresh = await Promise.all(Array.from({ length: 100 }, () => tasks.run(0)));
    expect(new Set(fresh)).toEqual(new Set([2]));
    isOver = true;
    await within("load", load);
    expect(await slow).toBe(1);
    expect(new Set(answers)).toEqual(new Set([1, 2]));
    expect(tasks.stats()).toMatchObject({
      generation: 2,
      state: "running",
      tasks: { queued: 0, sent: 0, lateAnswers: 0 },
    });
  });

  it("a broken new file leaves the old one working, and says why", async () => {
    const path = await folder({ "v1.mjs": version(1), "v2.mjs": "throw new Error('broken release')" });
    const tasks = pool({ runtime, filename: join(path, "v1.mjs") });
    await tasks.ready();
    const result = await within("restart", tasks.restart({ filename: join(path, "v2.mjs") }));
    expect(result).toMatchObject({ result: "failed", replaced: 0 });
    expect(result.reason).toMatchObject({
      code: "BROOD_BOOT_FAILED",
      message: expect.stringContaining("broken release"),
    });
    expect(await tasks.run(0)).toBe(1);
    expect(tasks.stats().generation).toBe(1);
    const missing = await within("restart", tasks.restart({ filename: join(path, "v3.mjs") }));
    expect(missing).toMatchObject({ result: "failed", reason: { code: "BROOD_RELEASE_NOT_FOUND" } });
  });

  it("takes the same file anew when it was edited in place", async () => {
    const path = await folder({ "tasks.mjs": version(1) });
    const tasks = pool({ runtime, filename: join(path, "tasks.mjs") });
    expect(await tasks.run(0)).toBe(1);
    await fs.writeFile(join(path, "tasks.mjs"), version(2));
    expect(await within("restart", tasks.restart())).toMatchObject({ result: "completed" });
    expect(await tasks.run(0)).toBe(2);
  });

  it("a task that outlasts drainTimeoutMs is told, or runs again on the new code", async () => {
    const path = await folder({ "v1.mjs": version(1), "v2.mjs": version(2) });
    const tasks = pool({
      runtime,
      filename: join(path, "v1.mjs"),
      drainTimeoutMs: 100,
      concurrentTasksPerWorker: 2,
    });
    await tasks.ready();
    const lost = refusal(tasks.run(3_000));
    const again = tasks.run(3_000, { retries: 1 });
    await tasks.restart({ filename: join(path, "v2.mjs") });
    expect(await lost).toMatchObject({ code: "BROOD_WORKER_EXITED", cause: { code: "BROOD_DRAIN_TIMEOUT" } });
    expect(await within("again", again)).toBe(2);
  });

  it("close during a restart, and restart after close", async () => {
    const path = await folder({ "v1.mjs": version(1) });
    const tasks = pool({ runtime, filename: join(path, "v1.mjs") });
    await tasks.ready();
    const running = tasks.run(20);
    const rolling = tasks.restart();
    const closing = tasks.close();
    expect(await running).toBe(1);
    await within("close", closing);
    expect(["failed", "completed"]).toContain((await within("the roll's answer", rolling)).result);
    expect(await refusal(tasks.restart())).toMatchObject({ code: "BROOD_CLOSED" });
  });

  it("recycles workers by their number of tasks", async () => {
    const path = await folder({ "v1.mjs": version(1) });
    const tasks = pool({
      runtime,
      filename: join(path, "v1.mjs"),
      recycle: { tasks: 50, jitter: 0 },
      heartbeatTimeoutMs: 600,
    });
    const replaced = new Promise<void>((resolve) => tasks.once("worker:exited", () => resolve()));
    let isOver = false;
    const load = (async () => {
      while (!isOver) expect(await tasks.run(0)).toBe(1);
    })();
    await within("a recycled worker", replaced);
    isOver = true;
    await load;
    expect(tasks.stats().counters).toMatchObject({ crashed: 0, killed: 0 });
  });
});
