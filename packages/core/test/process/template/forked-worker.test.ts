// What a forked worker is and can: all that an application may expect of a process of its own.
import type { ServiceOptions } from "@brood/core";
import { describe, expect, it } from "vitest";
import { folder, gone, pidsOf, service, within } from "../support.ts";
import { ask, fixture, workersOf } from "./support.ts";

const EXPECTED: Readonly<Record<string, unknown>> = {
  fs: "text",
  zlib: "text",
  pbkdf2: 16,
  keys: "private",
  webcrypto: 32,
  hash: 64,
  dns: true,
  fetch: "answered",
  wasm: 5,
  esm: 42,
  exec: "42",
  fork: "hello back",
  timers: true,
  signals: "SIGUSR2",
  als: "context",
  diagnostics: "published",
  messageChannel: "through",
  thread: "2000000 0",
  terminatedThread: 1,
  garbage: 100_000,
  hot: 59_999_997,
};

interface Draws {
  readonly uuids: readonly string[];
  readonly integers: readonly number[];
  readonly floats: readonly number[];
}

interface Growth {
  /** Of the old generation. */
  readonly collections: number;
  readonly beforeBytes: number;
  readonly grownBytes: number;
}

interface Heap {
  /** MiB. */
  readonly young: number;
  /** Of the old generation. */
  readonly collections: number;
}

describe("a forked worker", () => {
  it("can do what any process of Node can", async () => {
    const made = service({ entry: fixture("abilities.mjs"), spawn: "template", workers: 2 });
    await within("start", made.start());
    const [worker = "w1"] = workersOf(made);
    const answers: Record<string, unknown> = {};
    for (const question of Object.keys(EXPECTED)) answers[question] = await ask(made, worker, question);
    expect(answers).toEqual(EXPECTED);
    expect(made.stats().workers.map((each) => each.worker)).toContain(worker);
  });

  it("has its own pid and title, its template as parent, and the surroundings that were asked for", async () => {
    const cwd = await folder();
    const before = process.umask(0o027);
    const made = service({
      entry: fixture("abilities.mjs"),
      spawn: "template",
      workers: 2,
      cwd,
      env: { BROOD_TEST_GIVEN: "given" },
      execArgv: ["--stack-trace-limit=12"],
      name: "forked",
    });
    try {
      await within("start", made.start());
    } finally {
      process.umask(before);
    }
    const { template, workers } = made.stats();
    expect(template).toMatchObject({ generation: 1, state: "ready" });
    for (const { worker, slot, pid } of workers) {
      expect(await ask(made, worker, "self")).toEqual({
        pid,
        ppid: template?.pid,
        title: `brood forked slot=${slot} gen=1`,
        cwd,
        umask: 0o027,
        given: "given",
        main: fixture("abilities.mjs"),
        execArgv: ["--stack-trace-limit=12"],
      });
    }
    const pids = [...pidsOf(made), template?.pid ?? -1];
    await within("stop", made.stop());
    for (const pid of pids) await gone(pid, 0);
  });

  it("has a heap without the garbage that its release left while it was loaded", async () => {
    const made = service({ entry: fixture("garbage.mjs"), spawn: "template", workers: 1 });
    await within("start", made.start());
    const [worker = "w1"] = workersOf(made);
    const { allocated, heapMiB } = (await ask(made, worker, "heap")) as {
      allocated: number;
      heapMiB: number;
    };
    expect(allocated).toBe(600_000);
    // What Node and the engine need is 6 to 10; the garbage alone was 60, the empty young generation 32.
    expect(heapMiB).toBeLessThan(20);
  });

  it("61: draws no UUID, integer or Math.random that a sibling draws", async () => {
    const made = service({ entry: fixture("abilities.mjs"), spawn: "template", workers: 4 });
    await within("start", made.start());
    const all = (await Promise.all(workersOf(made).map((each) => ask(made, each, "draws")))) as Draws[];
    for (const kind of ["uuids", "floats"] as const) {
      const drawn = all.flatMap((each) => [...each[kind]] as (string | number)[]);
      expect(drawn.length).toBe(400_000);
      expect(new Set(drawn).size).toBe(drawn.length);
    }
    // Of 400,000 integers below 2^48 a pair may be equal by chance (1 in 3,500 runs); a shared state makes them all equal.
    const integers = all.flatMap((each) => [...each.integers]);
    expect(new Set(integers).size).toBeGreaterThan(integers.length - 5);
  });

  it("keeps its own part of the heap small, unless its flags say otherwise", async () => {
    const heapWith = async (options: Partial<ServiceOptions>): Promise<Heap> => {
      const made = service({ entry: fixture("abilities.mjs"), spawn: "template", workers: 1, ...options });
      await within("start", made.start());
      const [worker = "w1"] = workersOf(made);
      return (await ask(made, worker, "heap")) as Heap;
    };
    const usual = await heapWith({});
    const given = await heapWith({
      execArgv: ["--heap-growing-percent=300"],
      env: { NODE_OPTIONS: "--max-semi-space-size=32" },
    });
    const last = await heapWith({ execArgv: ["--max-semi-space-size=32"] });
    expect(usual.collections).toBeGreaterThan(given.collections);
    expect(usual.young).toBeLessThan(Math.min(given.young, last.young));
  });

  it("does not collect what it shares before its heap has grown by half", async () => {
    const made = service({ entry: fixture("large-heap.mjs"), spawn: "template", workers: 1 });
    await within("start", made.start());
    const [worker = "w1"] = workersOf(made);
    const { collections, beforeBytes, grownBytes } = (await ask(made, worker, "growth")) as Growth;
    expect(grownBytes).toBeGreaterThan(10 * 2 ** 20);
    expect(grownBytes).toBeLessThan(beforeBytes / 2);
    expect(collections).toBe(0);
  });
});
