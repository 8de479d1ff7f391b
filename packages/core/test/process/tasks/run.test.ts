// What run() does with real threads and processes.
import { move } from "@brood/core";
import { describe, expect, it } from "vitest";
import { within } from "../support.ts";
import { pool, RUNTIMES, refusal, TASKS } from "./support.ts";

describe.each(RUNTIMES)("run over %s", (runtime) => {
  it("runs the default export, and named functions", async () => {
    const tasks = pool({ runtime });
    expect(await within("run", tasks.run(41))).toBe(42);
    const where = await tasks.run(null, { name: "where" });
    expect(where).toMatchObject({ slot: 0, worker: "w1", generation: 1, runtime });
  });

  it("answers a burst of 20_000 tasks, each with its own result", async () => {
    const tasks = pool({ runtime, minWorkers: 2, maxWorkers: 2, maxQueue: 20_000 });
    const answers = await within(
      "burst",
      Promise.all(Array.from({ length: 20_000 }, (_, index) => tasks.run(index))),
    );
    expect(answers.every((answer, index) => answer === index + 1)).toBe(true);
    expect(tasks.stats().tasks).toEqual({ queued: 0, sent: 0, completed: 20_000, lateAnswers: 0 });
  });

  it("carries what structured clone can carry", async () => {
    const tasks = pool({ runtime });
    const value = {
      map: new Map([[1, new Set(["x"])]]),
      date: new Date(0),
      big: 5n,
      bytes: new Uint8Array([1, 2]),
    };
    expect(await tasks.run(value, { name: "echo" })).toEqual(value);
    expect(await tasks.run(undefined, { name: "echo" })).toBeUndefined();
  });

  it("rebuilds errors: class, name, message, stack, cause, own fields, and where it was thrown", async () => {
    const tasks = pool({ runtime });
    const error = await refusal(tasks.run("plain", { name: "fail" }));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message: "the message", code: "E_OWN", extra: { deep: [1] } });
    expect(error.cause).toBeInstanceOf(RangeError);
    expect(error.stack).toContain("tasks.mjs");
    expect(Reflect.get(error, "brood")).toMatchObject({ worker: "w1", slot: 0, generation: 1 });
    expect(await refusal(tasks.run("named", { name: "fail" }))).toMatchObject({ name: "OwnError" });
    const many = await refusal(tasks.run("aggregate", { name: "fail" }));
    expect(Reflect.get(many, "errors")).toHaveLength(2);
    const bare = await refusal(tasks.run("functions", { name: "fail" }));
    expect(bare).toMatchObject({ message: "the message", code: "E_OWN" });
    await expect(tasks.run("value", { name: "fail" })).rejects.toEqual({ plain: true });
    await expect(tasks.run("undefined", { name: "fail" })).rejects.toBeUndefined();
  });

  it("refuses what cannot be sent, alone", async () => {
    const tasks = pool({ runtime });
    const together = [1, 2].map((value) => tasks.run(value));
    const bad = refusal(tasks.run(() => {}));
    expect(await Promise.all(together)).toEqual([2, 3]);
    expect(await bad).toMatchObject({ code: "BROOD_NOT_CLONEABLE", details: { what: "task" } });
    const back = await refusal(tasks.run(null, { name: "unsendable" }));
    expect(back).toMatchObject({ code: "BROOD_NOT_CLONEABLE", details: { what: "result" } });
    const unknown = await refusal(tasks.run(null, { name: "nowhere" }));
    expect(unknown.message).toMatch(
      /option name: got "nowhere", expected a function that the task file exports: .*where/,
    );
  });

  it("a task that is too slow is refused after timeoutMs, counted from its beginning", async () => {
    const tasks = pool({ runtime, abortGraceMs: 50 });
    await tasks.ready();
    const first = tasks.run(200, { name: "spin" });
    const second = tasks.run(10, { name: "wait", timeoutMs: 150 });
    const third = refusal(tasks.run(60_000, { name: "spin", timeoutMs: 100 }));
    expect(await first).toBe("spun");
    expect(await second).toBe("waited");
    expect(await third).toMatchObject({
      code: "BROOD_TASK_TIMEOUT",
      details: { timeoutMs: 100, worker: "w1" },
    });
    // Its worker did not let go; another one took its seat.
    expect(await within("the next worker", tasks.run(1))).toBe(2);
    expect(tasks.stats().counters).toMatchObject({ killed: 1, crashed: 0 });
  });

  it("a task that ends when its signal aborts keeps its worker", async () => {
    const tasks = pool({ runtime });
    expect(await refusal(tasks.run(60_000, { name: "wait", timeoutMs: 30 }))).toMatchObject({
      code: "BROOD_TASK_TIMEOUT",
    });
    expect(await within("run", tasks.run(1))).toBe(2);
    expect(tasks.stats().counters).toMatchObject({ spawned: 1, killed: 0 });
  });

  it("aborts what waits, what runs, and what has not been submitted yet", async () => {
    const tasks = pool({ runtime });
    await tasks.ready();
    const stop = new AbortController();
    const running = refusal(tasks.run(60_000, { name: "wait", signal: stop.signal }));
    const waiting = refusal(tasks.run(1, { signal: stop.signal }));
    const other = tasks.run(1);
    stop.abort(new Error("enough"));
    for (const error of [
      await running,
      await waiting,
      await refusal(tasks.run(1, { signal: stop.signal })),
    ]) {
      expect(error).toMatchObject({ code: "BROOD_TASK_ABORTED", cause: { message: "enough" } });
    }
    expect(await other).toBe(2);
    expect(tasks.stats().counters.spawned).toBe(1);
  });

  it("an aborted task that goes on loses its worker; its neighbours are told, or run again by option", async () => {
    const tasks = pool({ runtime, abortGraceMs: 20, concurrentTasksPerWorker: 3 });
    await tasks.ready();
    const stop = new AbortController();
    const bad = refusal(tasks.run(60_000, { name: "linger", signal: stop.signal }));
    const neighbour = refusal(tasks.run(60_000, { name: "linger" }));
    const again = tasks.run(100, { name: "linger", retries: 1 });
    await tasks.run(1, { timeoutMs: 20_000, priority: 1 }).catch(() => {});
    stop.abort();
    expect(await bad).toMatchObject({ code: "BROOD_TASK_ABORTED" });
    expect(await neighbour).toMatchObject({
      code: "BROOD_WORKER_EXITED",
      details: { worker: "w1", slot: 0 },
    });
    expect(await within("again", again)).toBe("lingered");
  });

  it("refuses the task that finds the queue full, and tells when there is room", async () => {
    const tasks = pool({ runtime, maxQueue: 2 });
    await tasks.ready();
    const events: string[] = [];
    tasks.on("needsDrain", () => events.push("needsDrain"));
    const drained = new Promise<void>((resolve) => tasks.once("drain", resolve));
    const accepted = [1, 2, 3].map((value) => tasks.run(value, { name: "echo" }));
    expect(tasks.needsDrain).toBe(true);
    expect(await refusal(tasks.run(4))).toMatchObject({ code: "BROOD_QUEUE_FULL", details: { maxQueue: 2 } });
    expect(await Promise.all(accepted)).toEqual([1, 2, 3]);
    await within("drain", drained);
    expect(events).toContain("needsDrain");
    expect(tasks.needsDrain).toBe(false);
  });

  it("higher priority goes first", async () => {
    const tasks = pool({ runtime });
    await tasks.ready();
    const order: number[] = [];
    const run = (value: number, priority: number) =>
      tasks.run(value, { name: "echo", priority }).then(() => order.push(value));
    const all = [run(1, 0), run(2, -1), run(3, 5), run(4, 5)];
    await Promise.all(all);
    expect(order).toEqual([3, 4, 1, 2]);
  });

  it("map gives results in order, reads no faster than they are taken, and stops its source", async () => {
    const tasks = pool({ runtime, minWorkers: 2, maxWorkers: 2, maxQueue: 4 });
    let read = 0;
    let isStopped = false;
    function* source() {
      try {
        for (; ; read += 1) yield read;
      } finally {
        isStopped = true;
      }
    }
    const results: unknown[] = [];
    for await (const result of tasks.map(source(), { concurrency: 8 })) {
      expect(read - results.length).toBeLessThanOrEqual(9);
      results.push(result);
      if (results.length === 500) break;
    }
    expect(results).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
    expect(isStopped).toBe(true);
    const failing = async () => {
      for await (const _ of tasks.map(["value"], { name: "fail" }));
    };
    await expect(failing()).rejects.toEqual({ plain: true });
  });

  it("gives workerData and exactly the environment that was asked for", async () => {
    const systemd = { NOTIFY_SOCKET: "/nowhere", WATCHDOG_USEC: "1", WATCHDOG_PID: "1", LISTEN_FDS: "1" };
    const tasks = pool({ runtime, workerData: { key: [1] }, env: { OWN: "1", ...systemd } });
    expect(await tasks.run(null, { name: "data" })).toEqual({ key: [1] });
    expect(await tasks.run("OWN", { name: "env" })).toBe("1");
    // What is systemd's word to the host, a worker must not answer.
    for (const name of ["PATH", ...Object.keys(systemd)])
      expect(await tasks.run(name, { name: "env" })).toBeUndefined();
  });

  it("close() finishes what it has and refuses what comes later; destroy() refuses everything", async () => {
    const tasks = pool({ runtime });
    const before = tasks.run(50, { name: "wait" });
    const closing = tasks.close();
    expect(await refusal(tasks.run(1))).toMatchObject({ code: "BROOD_CLOSED" });
    expect(await before).toBe("waited");
    await within("close", closing);
    const other = pool({ runtime });
    await other.ready();
    const lost = refusal(other.run(60_000, { name: "spin" }));
    await within("destroy", other.destroy());
    expect(await lost).toMatchObject({ code: "BROOD_CLOSED" });
    const late = pool({ runtime });
    await late.ready();
    const left = refusal(late.run(60_000, { name: "linger" }));
    await within("close", late.close({ timeoutMs: 100 }));
    expect(await left).toMatchObject({ code: "BROOD_CLOSED" });
  });

  it("grows with what waits and shrinks when idle", async () => {
    const tasks = pool({ runtime, minWorkers: 1, maxWorkers: 3, idleTimeoutMs: 100 });
    const ids = await Promise.all(
      Array.from({ length: 3 }, async () => {
        await tasks.run(700, { name: "wait" });
        return tasks.stats().desired;
      }),
    );
    expect(Math.max(...ids)).toBe(3);
    const shrunk = new Promise<void>((resolve) => {
      const look = () => tasks.stats().workers.length === 1 && resolve();
      tasks.on("worker:exited", look);
      look();
    });
    await within("shrinking", shrunk);
    await tasks.resize({ minWorkers: 2, maxWorkers: 2 });
    expect(tasks.stats()).toMatchObject({ desired: 2, ready: 2, minWorkers: 2, maxWorkers: 2 });
  });
});

describe("threads", () => {
  it("results that lie in memory and results that are posted settle alike, whatever comes next", async () => {
    const tasks = pool({ maxQueue: 10_000 });
    const values = Array.from({ length: 3_000 }, (_, index) =>
      [index, `text ${index}`, { index }, null, undefined, "long ".repeat(10), [index], index % 2 === 0].at(
        index % 8,
      ),
    );
    const answers = await Promise.all(values.map((value) => tasks.run(value, { name: "echo" })));
    expect(answers).toEqual(values);
    // Its results are not read before it is gone.
    const last = values.map((value) => tasks.run(value, { name: "echo" }));
    const lost = refusal(tasks.run(3, { name: "exit" }));
    expect(await within("results before the end", Promise.all(last))).toEqual(values);
    expect(await lost).toMatchObject({ code: "BROOD_WORKER_EXITED", details: { exitCode: 3 } });
  });

  it("move() and transferList hand buffers over, both ways", async () => {
    const tasks = pool();
    const [one, two] = [new ArrayBuffer(8), new Uint8Array(16)];
    expect(await tasks.run(move(one), { name: "size" })).toBe(8);
    expect(await tasks.run(two, { name: "size", transferList: [two.buffer] })).toBe(16);
    expect([one.byteLength, two.byteLength]).toEqual([0, 0]);
  });

  it("tasks behind one that turns out slow move on to another worker", async () => {
    const tasks = pool({ minWorkers: 2, maxWorkers: 2, maxQueue: 10_000 });
    await Promise.all(Array.from({ length: 2_000 }, () => tasks.run(0, { name: "spin" })));
    const slow = tasks.run(1_500, { name: "spin" });
    const began = performance.now();
    await Promise.all(Array.from({ length: 500 }, () => tasks.run(0, { name: "spin" })));
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(await slow).toBe("spun");
  });
});

describe("options", () => {
  it.each([
    [{ filename: 5 }, /option filename: got 5, expected a path or a file: URL/],
    [
      { filename: TASKS, runtime: "fiber" },
      /option runtime: got "fiber", expected "worker_threads" or "child_process"/,
    ],
    [{ filename: TASKS, minWorkers: 3, maxWorkers: 2 }, /option minWorkers: got 3/],
    [{ filename: TASKS, spawn: "template" }, /option spawn: got "template"/],
    [{ filename: TASKS, maxThreads: 2 }, /option maxThreads/],
    [{ filename: TASKS, batching: { items: 1 } }, /option batching.items: got 1/],
    [{ filename: TASKS, taskQueue: {} }, /option taskQueue/],
    [
      { filename: TASKS, runtime: "child_process", resourceLimits: { stackSizeMb: 4 } },
      /resourceLimits.stackSizeMb/,
    ],
  ])("refuses %o", async (options, message) => {
    expect(() => pool(options as object)).toThrow(message);
  });
});
