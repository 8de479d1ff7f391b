// Every run settles, once, with what happened, and harms no neighbour: whatever its value, its result or its error is, over
// threads, processes and templates alike. One worker does it all, and is the same one in the end.
import type { TaskPoolOptions } from "@brood/core";
import { describe, expect, it } from "vitest";
import { pool, refusal } from "./support.ts";

const filename = new URL("fixtures/outcomes.mjs", import.meta.url);

const KINDS: readonly [string, Partial<TaskPoolOptions>][] = [
  ["threads", { runtime: "worker_threads" }],
  ["processes", { runtime: "child_process" }],
  ["forked processes", { runtime: "child_process", spawn: "template" }],
];

/** What a caller sees of an outcome, in short. */
async function shown(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => value,
    (error: unknown) =>
      error instanceof Error ? (Reflect.get(error, "code") ?? `throws: ${error.message}`) : { thrown: error },
  );
}

const UNSENDABLE = "BROOD_NOT_CLONEABLE";

const RESULTS: Readonly<Record<string, unknown>> = {
  "a then that throws": "throws: do not look",
  "a then that cannot be read": "throws: do not look",
  "a then that settles twice": "first",
  "a function with a then": "from a function",
  "a promise of a class that throws": "throws: do not look",
  "a revoked proxy": "throws: Cannot perform 'get' on a proxy that has been revoked",
  "a promise of a revoked proxy": UNSENDABLE,
  "a getter that throws": UNSENDABLE,
  "a symbol": UNSENDABLE,
  "a promise in a list": UNSENDABLE,
  "a weak map": UNSENDABLE,
  "a list of 50,000 levels": UNSENDABLE,
  "a list of 6,000 levels": UNSENDABLE,
  "an object without a prototype": { kept: 1 },
  "what pools mark": UNSENDABLE,
};

const THROWN: Readonly<Record<string, unknown>> = {
  nothing: { thrown: undefined },
  null: { thrown: null },
  "a symbol": { thrown: "Symbol(s)" },
  "a function": { thrown: "[Function: bad]" },
  "a revoked proxy": { thrown: "<Revoked Proxy>" },
  "an object without a prototype": { thrown: {} },
  "an error with getters that throw": "throws: real",
  "an error named toString": "throws: m",
  "an error named __proto__": "throws: m",
  "its own cause": "throws: m",
  "an error that holds a list of 20,000 levels": "throws: m",
  "40 errors that know each other": "throws: all",
};

describe.each(KINDS)("G79: over %s", (_, options) => {
  const one = () => pool({ filename, ...options });

  it("a result that cannot be sent, read or looked at is told as such, and costs nobody anything", async () => {
    const tasks = one();
    const names = (await tasks.run(null, { name: "resultNames" })) as string[];
    const seen: Record<string, unknown> = {};
    for (const name of names) {
      const [before, outcome, after] = await Promise.all([
        tasks.run(0),
        shown(tasks.run(name, { name: "result" })),
        tasks.run(1),
      ]);
      expect([before, after]).toEqual([0, 1]);
      if (name !== "a module of WebAssembly") seen[name] = outcome;
    }
    expect(seen).toEqual(RESULTS);
    expect(tasks.stats().counters).toMatchObject({ spawned: 1, exited: 0 });
  });

  it("whatever is thrown arrives, as far as it can be read", async () => {
    const tasks = one();
    const names = (await tasks.run(null, { name: "errorNames" })) as string[];
    for (const way of ["failing", "rejecting"]) {
      const outcomes = names.map(async (name) => [name, await shown(tasks.run(name, { name: way }))]);
      expect(Object.fromEntries(await Promise.all(outcomes))).toEqual(THROWN);
    }
    const axios = await refusal(tasks.run(null, { name: "request" }));
    expect(axios).toMatchObject({
      name: "AxiosError",
      code: "ERR_BAD_RESPONSE",
      response: {
        status: 503,
        data: { why: ["busy"] },
        config: { url: "/users", transformRequest: [undefined] },
      },
    });
    expect(tasks.stats().counters).toMatchObject({ spawned: 1, exited: 0 });
  });

  it("a task that cannot be sent is refused, alone, and what is sent beside it runs", async () => {
    const tasks = one();
    await tasks.ready();
    let deep: unknown = null;
    for (let at = 0; at < 50_000; at += 1) deep = [deep];
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const throwing = {
      get value() {
        throw null;
      },
    };
    const bad = [deep, proxy, throwing, () => {}, Symbol("s"), Promise.resolve(1)];
    const beside = bad.flatMap((value, at) => [tasks.run(at), shown(tasks.run(value, { name: "size" }))]);
    expect(await Promise.all(beside)).toEqual(bad.flatMap((_value, at) => [at, UNSENDABLE]));
    const detached = new Uint8Array(8);
    const again = { name: "size", transferList: [detached.buffer] };
    expect(await tasks.run(detached, again)).toBe(8);
    const second = await shown(tasks.run(detached, again));
    expect(second).toBe(options.runtime === "worker_threads" ? UNSENDABLE : 8);
    expect(await tasks.run(1)).toBe(1);
    expect(tasks.stats().counters).toMatchObject({ spawned: 1, exited: 0 });
  });

  it("what a task sends by itself is no answer, and is told as a message", async () => {
    const tasks = one();
    await tasks.ready();
    const heard: unknown[] = [];
    const errors: unknown[] = [];
    tasks.on("message", (message, { slot }) => heard.push([slot, message]));
    tasks.on("error", (error) => errors.push(Reflect.get(error, "code")));
    const said = [
      [1, 5],
      [1, 0, "no answer", 3],
      0,
      null,
      { brood: 1, seq: 1, message: {} },
      new Map([[1, [2]]]),
    ];
    expect(await tasks.run(said, { name: "speak" })).toBe("spoken");
    expect(heard).toEqual(said.map((message) => [0, message]));
    expect(await tasks.run(null, { name: "mumble" })).toBe("mumbled");
    expect(await tasks.run(1)).toBe(1);
    // A thread's stack is larger than ours: it can send what cannot be read here.
    expect(errors).toEqual(options.runtime === "worker_threads" ? [UNSENDABLE] : []);
    expect(tasks.stats().counters).toMatchObject({ spawned: 1, exited: 0 });
  });

  // Three workers that fill their heaps take ten seconds: forked ones are left to test:nodes, which takes every row.
  const hasRow = options.spawn !== "template" || process.env["BROOD_TEST_ROWS"] === "all";
  it.runIf(hasRow)(
    "a task too large for its worker is lost after two workers, and takes none of its neighbours along",
    async () => {
      const limits = { maxOldGenerationSizeMb: options.spawn === "template" ? 64 : 24 };
      const tasks = pool({ filename, ...options, resourceLimits: limits });
      await tasks.ready();
      const large = Array.from({ length: 600_000 }, (_value, at) => ({ at, text: `x${at}` }));
      const neighbours = Promise.all([tasks.run(20), tasks.run(1), tasks.run(2)]);
      const lost = refusal(tasks.run(large, { name: "size" }));
      const behind = tasks.run(3);
      expect(await lost).toMatchObject({ code: "BROOD_WORKER_EXITED", details: { oom: true } });
      expect(await neighbours).toEqual([20, 1, 2]);
      expect(await behind).toBe(3);
      expect(tasks.stats().counters.exited).toBeLessThanOrEqual(2);
    },
  );
});
