// The behaviours that people know from piscina and tinypool, run against them and against us: where the answers differ, the
// difference stands here. A promise that does not settle in time counts as "hangs".
import { createTaskPool, type TaskPoolOptions } from "@brood/core";
import { Piscina } from "piscina";
import { Tinypool } from "tinypool";
import { describe, expect, it, onTestFinished } from "vitest";
import { folder } from "../support.ts";
import { TASKS } from "./support.ts";

interface AnyPool {
  run(task: unknown, options?: object): Promise<unknown>;
  destroy(): Promise<unknown>;
}

interface Setup {
  readonly filename: string;
  readonly options?: Pick<TaskPoolOptions, "workerData">;
}

const env = { ...process.env } as Record<string, string>;
const SYSTEMS: Readonly<Record<string, (setup: Setup) => AnyPool>> = {
  brood: ({ filename, options }) => createTaskPool({ filename, minWorkers: 1, maxWorkers: 1, ...options }),
  "brood processes": ({ filename, options }) =>
    createTaskPool({ filename, runtime: "child_process", minWorkers: 1, maxWorkers: 1, ...options }),
  piscina: ({ filename, options }) =>
    quiet(new Piscina({ filename, minThreads: 1, maxThreads: 1, ...options })),
  tinypool: ({ filename, options }) =>
    quiet(new Tinypool({ filename, minThreads: 1, maxThreads: 1, ...options })),
  "tinypool processes": ({ filename, options }) =>
    quiet(
      new Tinypool({ filename, runtime: "child_process", minThreads: 1, maxThreads: 1, env, ...options }),
    ),
};

/** Theirs emit `error` for what no task can be told; it must not end the test. */
function quiet<Pool extends { on(name: "error", listener: () => void): unknown }>(pool: Pool): Pool {
  pool.on("error", () => {});
  return pool;
}

/** Long for anything that settles at all, on a busy machine too. */
const HANG_MS = 4_000;

async function outcome(promise: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve("hangs"), HANG_MS);
  });
  const told = promise.then(
    (value) => value,
    (error: unknown) =>
      `rejects: ${error instanceof Error ? (Reflect.get(error, "code") ?? error.message) : String(error)}`,
  );
  return Promise.race([told, late]).finally(() => clearTimeout(timer));
}

/** One answer for each system. */
async function answers(
  setup: Setup,
  act: (pool: AnyPool) => Promise<unknown>,
): Promise<Record<string, unknown>> {
  const all: Record<string, unknown> = {};
  for (const [name, create] of Object.entries(SYSTEMS)) {
    const pool = create(setup);
    onTestFinished(async () => void (await outcome(pool.destroy())));
    all[name] = await outcome(act(pool));
  }
  return all;
}

const everywhere = (answer: unknown) =>
  Object.fromEntries(Object.keys(SYSTEMS).map((name) => [name, answer]));
const filename = TASKS.href;

describe("the same everywhere", () => {
  it("default and named functions, sync and async", async () => {
    expect(await answers({ filename }, (pool) => pool.run(1))).toEqual(everywhere(2));
    expect(await answers({ filename }, (pool) => pool.run("x", { name: "echo" }))).toEqual(everywhere("x"));
  });

  it("CommonJS files: a function, or an object of functions", async () => {
    const path = await folder({
      "one.cjs": "module.exports = (x) => x + 1;",
      "many.cjs": "exports.twice = (x) => 2 * x;",
    });
    expect(await answers({ filename: `${path}/one.cjs` }, (pool) => pool.run(1))).toEqual(everywhere(2));
    expect(await answers({ filename: `${path}/many.cjs` }, (pool) => pool.run(2, { name: "twice" }))).toEqual(
      everywhere(4),
    );
  });

  it("an exported promise of a function", async () => {
    const path = await folder({ "later.mjs": "export default Promise.resolve((x) => x + 1);" });
    expect(await answers({ filename: `${path}/later.mjs` }, (pool) => pool.run(1))).toEqual(everywhere(2));
  });
});

describe("differences", () => {
  it("errors of a task: theirs lose the class, or own fields, or the cause", async () => {
    const seen = await answers({ filename }, (pool) =>
      pool.run("plain", { name: "fail" }).catch((error: Error) => ({
        isTypeError: error instanceof TypeError,
        code: Reflect.get(error, "code") ?? null,
        cause: error.cause instanceof RangeError,
      })),
    );
    expect(seen["brood"]).toEqual({ isTypeError: true, code: "E_OWN", cause: true });
    expect(seen["brood processes"]).toEqual({ isTypeError: true, code: "E_OWN", cause: true });
    expect(seen["piscina"]).toMatchObject({ isTypeError: true, code: null });
    expect(seen["tinypool processes"]).toMatchObject({ isTypeError: false, cause: false });
  });

  it("process.exit() in a task: ours says so; tinypool's thread leaves the caller waiting", async () => {
    const seen = await answers({ filename }, (pool) => pool.run(0, { name: "exit" }));
    expect(seen).toMatchObject({
      brood: "rejects: BROOD_WORKER_EXITED",
      "brood processes": "rejects: BROOD_WORKER_EXITED",
      piscina: "rejects: worker exited with code: 0",
      tinypool: "hangs",
      "tinypool processes": "rejects: Worker exited unexpectedly",
    });
  });

  it("a file that throws when it is loaded: ours gives the reason", async () => {
    const path = await folder({ "broken.mjs": "throw new Error('broken file');" });
    const seen = await answers({ filename: `${path}/broken.mjs` }, (pool) => pool.run(1));
    expect(seen).toMatchObject({
      brood: "rejects: BROOD_BOOT_FAILED",
      "brood processes": "rejects: BROOD_BOOT_FAILED",
    });
    const again = await answers({ filename: `${path}/broken.mjs` }, async (pool) => {
      await outcome(pool.run(1));
      return pool.run(2);
    });
    expect(again).toMatchObject({
      brood: "rejects: BROOD_BOOT_FAILED",
      "brood processes": "rejects: BROOD_BOOT_FAILED",
    });
  });

  it("an abort rejects at once everywhere; ours by code", async () => {
    const seen = await answers({ filename }, async (pool) => {
      await pool.run(1);
      const stop = new AbortController();
      const running = pool.run(60_000, { name: "linger", signal: stop.signal });
      setTimeout(() => stop.abort(), 20);
      return running.catch((error: Error) => Reflect.get(error, "code") ?? error.name);
    });
    expect(seen).toEqual({
      ...everywhere("AbortError"),
      brood: "BROOD_TASK_ABORTED",
      "brood processes": "BROOD_TASK_ABORTED",
    });
  });

  it("values over a process: ours are structured clones, tinypool's are JSON", async () => {
    const seen = await answers({ filename }, async (pool) => {
      const back = await pool.run({ date: new Date(0), map: new Map([[1, 2]]) }, { name: "echo" });
      return Reflect.get(Object(back), "map") instanceof Map;
    });
    expect(seen).toEqual({ ...everywhere(true), "tinypool processes": false });
  });
});
