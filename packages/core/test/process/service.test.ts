import { spawn } from "node:child_process";
import { once } from "node:events";
import { promises as fs } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { folder, gone, nextEvent, pidsOf, release, SPAWN, service, within } from "./support.ts";

describe("a service of real processes", () => {
  it("boots every worker, restarts onto new code, and ends every process", async () => {
    const path = await release("1.0.0");
    const made = service({ entry: join(path, "app.mjs"), workers: 3 });
    const first = nextEvent(made, "worker:message");
    await within("start", made.start());
    expect((await first).payload).toMatchObject({
      version: "1.0.0",
      generation: 1,
      release: { version: "1.0.0" },
    });
    const before = pidsOf(made);
    await fs.writeFile(join(path, "VERSION"), "2.0.0");
    const second = nextEvent(made, "worker:message");
    const result = await within("restart", made.restart());
    expect((await second).payload).toMatchObject({ version: "2.0.0", generation: 2 });
    expect(result).toMatchObject({
      id: "roll-2",
      from: 1,
      to: 2,
      result: "completed",
      replaced: 3,
      killed: 0,
    });
    for (const pid of before) await gone(pid, 0);
    const stats = made.stats();
    expect(stats).toMatchObject({
      state: "running",
      generation: 2,
      ready: 3,
      desired: 3,
      runtime: "process",
      spawn: SPAWN,
    });
    expect(stats.workers.map(({ slot, generation }) => [slot, generation])).toEqual([
      [0, 2],
      [1, 2],
      [2, 2],
    ]);
    expect(Object.isFrozen(stats) && Object.isFrozen(stats.workers[0])).toBe(true);
    const after = pidsOf(made);
    await within("stop", made.stop());
    for (const pid of after) await gone(pid, 0);
    expect(made.stats().state).toBe("stopped");
  });

  it("shows figures as of now, and carries messages both ways", async () => {
    const made = service({ entry: join(await release("1"), "app.mjs"), workers: 1 });
    await within("start", made.start());
    const [worker] = (await made.freshStats()).workers;
    expect(worker).toMatchObject({ requests: 7, connections: 2, state: "ready" });
    expect(worker?.rssBytes).toBeGreaterThan(10_000_000);
    const echo = nextEvent(
      made,
      "worker:message",
      ({ payload }) => typeof payload === "object" && payload !== null && "echo" in payload,
    );
    expect(made.post(worker?.worker ?? "w0", { n: 1 })).toBe(true);
    expect((await echo).payload).toEqual({ echo: { n: 1 } });
    expect(made.post("w999", {})).toBe(false);
  });

  it.each([
    { runtime: "process", spawn: "fresh" },
    { runtime: "process", spawn: "template" },
    { runtime: "thread", spawn: "fresh" },
  ] as const)(
    "$runtime, $spawn: old workers that linger hold up no new one, but the restart's end",
    async (kind) => {
      const source = `
      let end;
      const ended = new Promise((resolve) => { end = resolve; });
      const host = (order) => ({
        async boot() {}, async open() {}, async close() {},
        async drain() { order.lingering(); order.lingering(); order.post("lingers"); await ended; },
        usage: () => ({ requests: 0, connections: 1, tasks: 0 }),
        message: () => end(),
      });
      export const createWorkerHost = host;
      export const loadRelease = async () => ({ async beforeFork() {}, createWorkerHost: host });`;
      const path = await folder({ "host.mjs": source, "app.mjs": "" });
      const options = { entry: join(path, "app.mjs"), host: pathToFileURL(join(path, "host.mjs")) };
      const made = service({ ...options, ...kind, workers: 4, maxSurge: 1, minHealthyMs: 1 });
      await within("start", made.start());
      let lingering = 0;
      const all = nextEvent(
        made,
        "worker:message",
        ({ payload }) => payload === "lingers" && ++lingering === 4,
      );
      const settled: string[] = [];
      const restart = made.restart().then((result) => settled.push(result.result));
      await all;
      const { roll, workers } = made.stats();
      expect(roll).toMatchObject({ replaced: 4, total: 4 });
      expect(settled).toEqual([]);
      const old = workers.filter(({ requestedGeneration }) => requestedGeneration === 1);
      expect(old.map(({ state, lingering }) => `${state} ${lingering}`)).toEqual(
        Array(4).fill("draining true"),
      );
      for (const { worker } of old) made.post(worker, "end");
      await within("restart", restart);
      expect(settled).toEqual(["completed"]);
    },
  );

  it.each([
    { runtime: "process", spawn: "fresh" },
    { runtime: "process", spawn: "template" },
    { runtime: "thread", spawn: "fresh" },
  ] as const)("$runtime, $spawn: a message that JSON cannot hold is refused alone", async (kind) => {
    const source = `export default ({ post }) => ({
      message(payload) {
        if (payload !== "try") return post(payload);
        try { post({ big: 1n }); } catch (error) { post(error.name); }
      },
    });`;
    const made = service({
      entry: join(await folder({ "app.mjs": source }), "app.mjs"),
      workers: 1,
      ...kind,
    });
    await within("start", made.start());
    const answers: unknown[] = [];
    made.on("worker:message", ({ payload }) => void answers.push(payload));
    expect(() => made.post("w1", { big: 1n })).toThrow(/BigInt/);
    const last = nextEvent(made, "worker:message", ({ payload }) => payload === "last");
    for (const payload of ["first", "try", "last"]) expect(made.post("w1", payload)).toBe(true);
    await last;
    expect(answers).toEqual(["first", "TypeError", "last"]);
    await within("a fresh heartbeat", made.freshStats());
    expect(made.stats().counters).toMatchObject({ spawned: 1, killed: 0 });
  });

  it("start rejects with the reason when the first generation does not come up, and leaves nothing running", async () => {
    const path = await folder({ "app.mjs": "throw new Error('broken from the start')" });
    const made = service({ entry: join(path, "app.mjs"), workers: 2, stderr: new PassThrough().resume() });
    await expect(within("start", made.start())).rejects.toMatchObject({
      code: "BROOD_BOOT_FAILED",
      details: { exitCode: 1, stderr: expect.stringContaining("broken from the start") },
    });
    expect(made.stats()).toMatchObject({ state: "stopped", workers: [] });
  });

  it("rejects an entry that does not exist, by name", async () => {
    const made = service({ entry: "/nowhere/app.mjs" });
    await expect(within("start", made.start())).rejects.toMatchObject({
      code: "BROOD_RELEASE_NOT_FOUND",
      message: expect.stringContaining("/nowhere/app.mjs"),
    });
  });

  it("scales up and down and answers when it is done", async () => {
    const made = service({ entry: join(await release("1"), "app.mjs"), workers: 1 });
    await within("start", made.start());
    await within("grow", made.scale(3));
    expect(made.stats()).toMatchObject({ ready: 3, desired: 3 });
    await within("shrink", made.scale(1));
    expect(made.stats()).toMatchObject({ ready: 1, desired: 1, workers: [{ slot: 0 }] });
  });

  it("63: leaves the host alone: no signal listeners, and two services side by side", async () => {
    const before = ["SIGTERM", "SIGINT", "SIGUSR2", "uncaughtException", "SIGCHLD"].map((name) =>
      process.listenerCount(name),
    );
    const own = spawn(process.execPath, ["-e", "process.stdin.on('end', () => process.exit(42)).resume()"], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    const ownEnd = once(own, "exit");
    const [a, b] = [await release("a"), await release("b")].map((path) =>
      service({ entry: join(path, "app.mjs"), workers: 1 }),
    );
    await within("both", Promise.all([a?.start(), b?.start()]));
    await within("stop", a?.stop() ?? Promise.resolve());
    expect(b?.stats().ready).toBe(1);
    own.stdin.end();
    expect(await within("the host's own child", ownEnd)).toEqual([42, null]);
    expect(
      ["SIGTERM", "SIGINT", "SIGUSR2", "uncaughtException", "SIGCHLD"].map((name) =>
        process.listenerCount(name),
      ),
    ).toEqual(before);
  });

  it("F56: a logger that throws harms nobody", async () => {
    const broken = (): never => {
      throw new Error("disk full");
    };
    const logger = { debug: broken, info: broken, warn: broken, error: broken };
    const made = service({ entry: join(await release("1"), "app.mjs"), workers: 1, logger });
    await within("start", made.start());
    await within("stop", made.stop());
  });

  it("refuses bad options by name, with the value and what is accepted", async () => {
    const refused = (options: object): unknown => {
      try {
        return service({ entry: "x", ...options });
      } catch (error) {
        return error;
      }
    };
    expect(refused({ workers: 0 })).toMatchObject({
      code: "BROOD_BAD_OPTION",
      message: "option workers: got 0, expected a whole number from 1 to 10000",
    });
    expect(refused({ wokers: 2 })).toMatchObject({ code: "BROOD_BAD_OPTION", details: { option: "wokers" } });
    expect(refused({ spawn: "magic" })).toMatchObject({
      code: "BROOD_BAD_OPTION",
      details: { option: "spawn", value: "magic" },
    });
    expect(refused({ maxSurge: 0 })).toMatchObject({
      code: "BROOD_BAD_OPTION",
      details: { option: "maxUnavailable" },
    });
    expect(refused({ recycle: { request: 1 } })).toMatchObject({
      code: "BROOD_BAD_OPTION",
      details: { option: "recycle.request" },
    });
    const made = service({ entry: "x" });
    await expect(made.restart()).rejects.toMatchObject({ code: "BROOD_CLOSED" });
  });
});
