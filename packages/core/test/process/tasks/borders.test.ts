// What a pool's borders take: workers that cannot be started, files that load only when asked, flags of the host, large tasks, and
// threads in which nothing at all was thrown.
import { describe, expect, it } from "vitest";
import { folder, nextEvent, service, within } from "../support.ts";
import { pool, RUNTIMES, refusal } from "./support.ts";

const filename = new URL("fixtures/outcomes.mjs", import.meta.url);

describe.each(RUNTIMES)("over %s", (runtime) => {
  it("G79: workers that cannot be started are a typed refusal, and the host lives", async () => {
    const workerData = { onDone() {} };
    const unsendable = pool({ filename, runtime, workerData });
    expect(await refusal(unsendable.run(1))).toMatchObject({
      code: /BROOD_SPAWN_FAILED|BROOD_NOT_CLONEABLE/,
    });
    const execArgv = runtime === "worker_threads" ? ["--max-old-space-size=256"] : ["--no-such-flag"];
    const flagged = pool({ filename, runtime, execArgv });
    expect(Reflect.get(await refusal(flagged.run(1)), "code")).toMatch(
      /BROOD_(SPAWN_FAILED|WORKER_EXITED|BOOT_FAILED)/,
    );
  });

  it("exports are read and awaited when they run; getters of CommonJS are not touched", async () => {
    const files = await folder({
      "lazy.mjs": `
        export default () => "ran";
        export const never = new Promise(() => {});
        export const optional = Promise.reject(new Error("nobody asked"));
        optional.catch(() => {});
        export const later = Promise.resolve(() => "later");`,
      "getters.cjs": `
        let touched = 0;
        module.exports = { count: () => touched, get heavy() { touched += 1; return () => "heavy"; } };`,
      "promise.mjs": `export default Promise.resolve({ a: () => "a", default: () => "d" });`,
    });
    const lazy = pool({ filename: `${files}/lazy.mjs`, runtime });
    expect(await lazy.run(null)).toBe("ran");
    expect(await lazy.run(null, { name: "later" })).toBe("later");
    expect(await refusal(lazy.run(null, { name: "optional" }))).toMatchObject({ message: "nobody asked" });
    expect(await refusal(lazy.run(null, { name: "never", timeoutMs: 50 }))).toMatchObject({
      code: "BROOD_TASK_TIMEOUT",
    });
    const getters = pool({ filename: `${files}/getters.cjs`, runtime });
    expect(await getters.run(null, { name: "count" })).toBe(0);
    expect(await getters.run(null, { name: "heavy" })).toBe("heavy");
    expect(await getters.run(null, { name: "heavy" })).toBe("heavy");
    expect(await getters.run(null, { name: "count" })).toBe(1);
    const promise = pool({ filename: `${files}/promise.mjs`, runtime });
    expect(await promise.run(null, { name: "a" })).toBe("a");
    expect(await refusal(promise.run(null, { name: "b" }))).toMatchObject({ code: "BROOD_BAD_OPTION" });
  });

  it("flags of the host reach its workers, unless others are given", async () => {
    const files = await folder({ "preload.mjs": "globalThis.preloaded = true;" });
    const before = [...process.execArgv];
    process.execArgv.push("--import", `${files}/preload.mjs`, "--inspect-port=0", "-e", "1");
    try {
      const inherits = pool({ filename, runtime });
      const [flags, preloaded] = (await inherits.run(null, { name: "flags" })) as [string[], boolean | null];
      // A thread takes the flags that the process was started with, which a test cannot change.
      if (runtime === "child_process") {
        expect(flags).toEqual([...before, "--import", `${files}/preload.mjs`]);
        expect(preloaded).toBe(true);
      } else expect(flags).toEqual(expect.arrayContaining(before));
    } finally {
      process.execArgv.splice(0, process.execArgv.length, ...before);
    }
    const own = pool({ filename, runtime, execArgv: ["--import", `${files}/preload.mjs`] });
    expect(await own.run(null, { name: "flags" })).toEqual([["--import", `${files}/preload.mjs`], true]);
  });

  it("G79: tasks that their worker cannot read, side by side with others, are refused and hold up nobody", async () => {
    const beside = pool({ filename, runtime, maxWorkers: 1, concurrentTasksPerWorker: 4 });
    await beside.ready();
    // Only a thread can read it.
    const { Module } = Reflect.get(globalThis, "WebAssembly");
    const unreadable = (): object => new Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
    const runs = [1, 2, 3].flatMap((value) => [
      beside.run(unreadable(), { name: "type" }),
      beside.run(value, { name: "type" }),
    ]);
    const outcomes = await within("every run", Promise.allSettled(runs));
    const code = (outcome: PromiseSettledResult<unknown>) =>
      outcome.status === "rejected" ? outcome.reason.code : outcome.value;
    const ofModules = runtime === "worker_threads" ? "object" : "BROOD_NOT_CLONEABLE";
    expect(outcomes.map(code)).toEqual([1, 2, 3].flatMap(() => [ofModules, "number"]));
  });

  it("G80: runs that were refused leave nothing behind when their signal aborts later", async () => {
    const small = pool({ filename, runtime, maxQueue: 1 });
    const stop = new AbortController();
    const { signal } = stop;
    const runs = Array.from({ length: 50 }, () => small.run(50, { signal }));
    const settled = Promise.allSettled(runs);
    expect(await refusal(small.run(1, { signal, retries: -1 }))).toMatchObject({ code: "BROOD_BAD_OPTION" });
    expect(await runs[0]).toBe(50);
    const next = small.run(5);
    stop.abort();
    expect(await within("the accepted one", next)).toBe(5);
    const outcomes = (await within("every run", settled)).map((each) =>
      each.status === "rejected" ? each.reason.code : "done",
    );
    expect(outcomes.filter((each) => each === "BROOD_QUEUE_FULL").length).toBeGreaterThan(40);
  });

  it("runOnAll sets every worker up, once", async () => {
    const two = pool({ filename, runtime, minWorkers: 2, maxWorkers: 2 });
    expect(await two.runOnAll(null, { name: "setUp" })).toEqual([
      [0, 1],
      [1, 1],
    ]);
    expect(await refusal(two.runOnAll(null, { name: "fail" }))).toMatchObject({ code: "BROOD_BAD_OPTION" });
  });
});

it("a forked worker takes and gives tasks of 100 MB", async () => {
  const forked = pool({ filename, runtime: "child_process", spawn: "template" });
  await within("ready", forked.ready());
  // As large as the whole way takes; CI sends 16 MB of it, a quarter more than a frame once took.
  const isWhole = process.env["BROOD_TEST_ROWS"] === "all";
  const bytes = new Uint8Array((isWhole ? 100 : 16) * 2 ** 20).fill(7);
  expect(await within("its size", forked.run(bytes, { name: "size" }), 50_000)).toBe(bytes.length);
  expect(forked.stats().counters).toMatchObject({ spawned: 1, exited: 0 });
});

describe("a thread in which nothing was thrown", () => {
  it.each(["null", "undefined", "Object.create(null)"])("throw %s ends that thread only", async (nothing) => {
    const files = await folder({
      "main.mjs": `
        export default () => {};
        setTimeout(() => { throw ${nothing}; }, 300);
        setInterval(() => {}, 1_000);`,
    });
    const threads = service({ entry: `${files}/main.mjs`, runtime: "thread", spawn: "fresh", workers: 1 });
    await within("start", threads.start());
    const { exitCode } = await nextEvent(threads, "worker:exited");
    expect(exitCode).toBe(1);
    expect((await nextEvent(threads, "worker:ready")).worker).not.toBe("w1");
  });
});
