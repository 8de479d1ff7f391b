// The crash matrix: however a worker ends under a task, the task settles with a typed error that says how, its neighbours in
// the queue do not notice, and the pool goes on.
import { describe, expect, it } from "vitest";
import { folder, within } from "../support.ts";
import { pool, type Runtime, refusal } from "./support.ts";

interface End {
  readonly name: string;
  readonly task: unknown;
  readonly thread: Readonly<Record<string, unknown>> | null;
  readonly process: Readonly<Record<string, unknown>>;
}

const LIMITS = { maxOldGenerationSizeMb: 24 };

/** Which task, and what the error's details must say. */
const ENDS: readonly End[] = [
  { name: "exit", task: 0, thread: { exitCode: 0 }, process: { exitCode: 0, signal: null } },
  { name: "exit", task: 7, thread: { exitCode: 7 }, process: { exitCode: 7, signal: null } },
  { name: "crash", task: null, thread: { exitCode: 1 }, process: { exitCode: 1 } },
  { name: "reject", task: null, thread: { exitCode: 1 }, process: { exitCode: 1 } },
  { name: "hoard", task: null, thread: { oom: true }, process: { oom: true, signal: "SIGABRT" } },
  // A signal ends the whole process: in a thread that would be the host.
  { name: "kill", task: "SIGKILL", thread: null, process: { signal: "SIGKILL" } },
];

const CASES = ENDS.flatMap((end) =>
  (["worker_threads", "child_process"] as const).flatMap((runtime) =>
    [false, true].map((isolate) => ({
      ...end,
      runtime,
      isolate,
      expected: runtime === "child_process" ? end.process : end.thread,
    })),
  ),
).filter(({ expected }) => expected !== null);

/** `isolate` only says who else is in the process: in CI one end and the hoarder show it. */
const IS_ALL = process.env["BROOD_TEST_ROWS"] === "all";
const ROWS = CASES.filter(({ isolate, task, name }) => IS_ALL || !isolate || task === 7 || name === "hoard");
if (!IS_ALL) console.log("left to pnpm test:nodes (BROOD_TEST_ROWS=all): the other ends with isolate");

describe("a worker that ends under its task", () => {
  it.each(ROWS)(
    "60: $name($task) over $runtime, isolate $isolate",
    async ({ name, task, runtime, isolate, expected }) => {
      const tasks = pool({ runtime, isolate, resourceLimits: LIMITS, taskTimeoutMs: 50_000 });
      const before = tasks.run(1);
      const lost = refusal(tasks.run(task, { name }));
      const after = [2, 3, 4].map((value) => tasks.run(value));
      const error = await lost;
      expect(error).toMatchObject({
        code: "BROOD_WORKER_EXITED",
        details: { slot: 0, generation: 1, ...expected },
      });
      expect(await within("the others", Promise.all([before, ...after]))).toEqual([2, 3, 4, 5]);
    },
  );

  it.each(["worker_threads", "child_process"] as const)(
    "over %s runs again by option",
    async (runtime: Runtime) => {
      const path = await folder();
      const tasks = pool({ runtime, retries: 2, filename: new URL("fixtures/moody.mjs", import.meta.url) });
      expect(await within("the third try", tasks.run({ folder: path, failures: 2 }))).toBe(3);
      const error = await refusal(tasks.run({ folder: path, failures: 9 }, { retries: 1 }));
      expect(error).toMatchObject({ code: "BROOD_WORKER_EXITED", details: { attempts: 2 } });
    },
  );
});

describe.each(["worker_threads", "child_process"] as const)("a task file over %s", (runtime) => {
  it.each([
    ["throws", "throw new Error('broken file')", "BROOD_BOOT_FAILED", /broken file/],
    ["has an error of syntax", "export default (", "BROOD_BOOT_FAILED", /SyntaxError|Unexpected/],
    ["exits", "process.exit(3)", "BROOD_BOOT_FAILED", /code 3/],
    ["exports nothing", "export const a = 1", "BROOD_BOOT_FAILED", /exports no function/],
    ["never loads", "await new Promise((r) => setTimeout(r, 1e8))", "BROOD_BOOT_TIMEOUT", /within 1500 ms/],
  ])("that %s refuses every task with the reason", async (_, source, code, message) => {
    const path = await folder({ "tasks.mjs": source });
    const bootTimeoutMs = code === "BROOD_BOOT_TIMEOUT" ? 1_500 : 30_000;
    const tasks = pool({ runtime, filename: `${path}/tasks.mjs`, bootTimeoutMs });
    const errors = await Promise.all([refusal(tasks.run(1)), refusal(tasks.run(2)), refusal(tasks.ready())]);
    for (const error of errors)
      expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await refusal(tasks.run(3))).toMatchObject({ code });
  });

  it("that is missing is named", async () => {
    const tasks = pool({ runtime, filename: "/nowhere/tasks.mjs" });
    expect(await refusal(tasks.run(1))).toMatchObject({ code: "BROOD_RELEASE_NOT_FOUND" });
  });
});

describe.each(["worker_threads", "child_process"] as const)("liveness over %s", (runtime) => {
  it("a busy worker is not killed for its silence, an idle one lives on", async () => {
    const tasks = pool({ runtime, heartbeatTimeoutMs: 300 });
    await tasks.ready();
    expect(await within("a long task", tasks.run(2_500, { name: "spin" }))).toBe("spun");
    await within("idle", new Promise((resolve) => setTimeout(resolve, 1_000)));
    expect(tasks.stats().counters).toMatchObject({ spawned: 1, killed: 0 });
  });

  it("one that blocks although it has no task is stuck, and replaced", async () => {
    const tasks = pool({
      runtime,
      heartbeatTimeoutMs: 300,
      filename: new URL("fixtures/stuck.mjs", import.meta.url),
    });
    const exited = new Promise<unknown>((resolve) =>
      tasks.on("worker:exited", ({ reason }) => resolve(reason?.code)),
    );
    await tasks.run("block after this one");
    expect(await within("its end", exited)).toBe("BROOD_HEARTBEAT_TIMEOUT");
    expect(await within("the next", tasks.run("nothing"))).toBe("done");
  });
});
