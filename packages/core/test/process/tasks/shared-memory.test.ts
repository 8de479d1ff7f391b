// What a process shares with the pool: what has begun, what is taken back, and results. Where its environment lets it load
// no addon it writes what it begins to the same memory as to a file; where the pool's does not, to a file.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { skipReason } from "../native/support.ts";
import { within } from "../support.ts";
import { pool, refusal, TASKS } from "./support.ts";

const PROCESSES = { runtime: "child_process" } as const;
const TEMPLATE = { ...PROCESSES, spawn: "template" } as const;
const CORE = fileURLToPath(new URL("../../../dist/index.js", import.meta.url));
const WITHOUT = { ...PROCESSES, env: { ...process.env, BROOD_NATIVE: "off" } };

describe.skipIf(skipReason !== null)("memory shared with processes", () => {
  it.each([
    ["fresh", PROCESSES, true],
    ["forked", TEMPLATE, true],
    ["fresh, its environment without the addon", WITHOUT, false],
  ])("what stood behind a killed task runs elsewhere, once: %s", async (_, options, isShared) => {
    const tasks = pool({ ...options, maxQueue: 10_000 });
    await within(
      "known",
      Promise.all(Array.from({ length: 200 }, () => tasks.run(false, { name: "killIf" }))),
    );
    const before = Array.from({ length: 40 }, () => tasks.run(false, { name: "killIf" }));
    const killed = refusal(tasks.run(true, { name: "killIf" }));
    const behind = Array.from({ length: 40 }, () => tasks.run(false, { name: "killIf" }));
    const settled = await within("settled", Promise.allSettled([...before, ...behind]));
    expect(await killed).toMatchObject({ code: "BROOD_WORKER_EXITED", details: { signal: "SIGKILL" } });
    expect(settled.slice(40).every(({ status }) => status === "fulfilled")).toBe(true);
    // Results in shared memory outlive who wrote them; gathered ones do not.
    const lost = settled.filter(({ status }) => status === "rejected").length;
    expect(lost === 0 || !isShared).toBe(true);
  });

  it.each([
    ["fresh", PROCESSES],
    ["forked", TEMPLATE],
  ])("tasks behind one that turns out slow move on to another worker: %s", async (_, options) => {
    const tasks = pool({ ...options, minWorkers: 2, maxWorkers: 2, maxQueue: 10_000 });
    await Promise.all(Array.from({ length: 2_000 }, () => tasks.run(0, { name: "spin" })));
    let isSlowOver = false;
    const slow = tasks.run(2_000, { name: "spin" }).then(() => {
      isSlowOver = true;
    });
    await within("others", Promise.all(Array.from({ length: 500 }, () => tasks.run(0, { name: "spin" }))));
    expect(isSlowOver).toBe(false);
    await within("the slow one", slow);
  });
});

it.runIf(process.platform === "linux")(
  "a pool without the addon knows from a file what had begun",
  async () => {
    const source = `
    import { createTaskPool } from ${JSON.stringify(CORE)};
    const options = { runtime: "child_process", minWorkers: 1, maxWorkers: 1 };
    const pool = createTaskPool({ filename: ${JSON.stringify(TASKS.href)}, name: "killIf", ...options });
    await Promise.all(Array.from({ length: 200 }, () => pool.run(false)));
    const killed = pool.run(true);
    const behind = Array.from({ length: 40 }, () => pool.run(false));
    const settled = await Promise.allSettled([killed, ...behind]);
    console.log(JSON.stringify(settled.map(({ value, reason }) => reason?.code ?? value)));`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", source], {
      env: WITHOUT.env,
    });
    expect(JSON.parse(stdout)).toEqual(["BROOD_WORKER_EXITED", ...Array.from({ length: 40 }, () => false)]);
  },
);
