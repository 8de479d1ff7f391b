// Supervision under way, for both ways to spawn: resizes, recycling, blocked workers, storms of signals, a jumping clock.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { expressApp, startBrood, testFolder } from "../support/brood-server.ts";
import { seen } from "../support/look.ts";
import { app, probing, serving, until } from "../support/serving.ts";
import { type Spawn, spawns, whereFresh } from "../support/spawn.ts";
import { within } from "../support/within.ts";

const SPAWNS = whereFresh<Spawn>(spawns(), [], "rows for it are in the project `process`");

describe.each(SPAWNS)("while a roll is under way, spawn %s", (spawn) => {
  it("D39: a resize down and up both end well, and every worker is of the new generation", async () => {
    const { server, entryOf } = await serving([app("1"), app("2")], { spawn, workers: 4, maxSurge: 1 });
    const probe = await probing(server);
    const roll = server.restart({ to: entryOf(2) });
    await within(
      "the roll",
      until(server, () => server.stats().roll?.step === "rolling"),
      undefined,
      20_000,
    );
    await within("fewer", server.scale(2), undefined, 20_000);
    await within("more", server.scale(5), undefined, 20_000);
    // While there are two slots, two new workers are all of them: the roll may end before the resize up.
    expect(await within("the roll", roll, undefined, 30_000)).toMatchObject({ result: "completed" });
    expect(server.stats().workers.map(({ generation, state }) => [generation, state])).toEqual(
      Array(5).fill([2, "ready"]),
    );
    expect((await probe.stop()).errorsByKind).toEqual({});
  });

  it("59: a worker that is blocked while it is replaced gets one kill and one replacement", async () => {
    const blocking = `import { writeFileSync } from "node:fs";
${app("1", "if (path === '/block') { writeFileSync(new URL('./blocked', import.meta.url), ''); for (;;); }")}`;
    const { server, folder, entryOf } = await serving([blocking, app("2")], {
      spawn,
      workers: 1,
      heartbeatTimeoutMs: 900,
      drainTimeoutMs: 2_000,
    });
    const { hostname, port } = new URL(server.addresses[0] ?? "");
    const killed = new Promise((resolve) => server.once("worker:exited", resolve));
    const held = fetch(`http://${hostname}:${port}/block`).catch(() => null);
    await within(
      "the block",
      seen(() => existsSync(join(folder, "r1/blocked"))),
    );
    const roll = server.restart({ to: entryOf(2) });
    expect(await within("the kill", killed, undefined, 20_000)).toMatchObject({
      signal: "SIGKILL",
      // Silent while it still serves its slot, or too slow once its successor has taken over.
      reason: { code: expect.stringMatching(/^BROOD_(HEARTBEAT|DRAIN)_TIMEOUT$/) },
    });
    await held;
    expect(await within("the roll", roll, undefined, 20_000)).toMatchObject({ result: "completed" });
    const { counters, workers } = server.stats();
    expect(workers.map(({ slot, generation }) => [slot, generation])).toEqual([[0, 2]]);
    // Killed before the canary was proven, the slot is first filled with the old code again.
    expect(counters.killed).toBeLessThanOrEqual(2);
    expect(counters.spawned).toBeLessThanOrEqual(3);
  });
});

describe.each(SPAWNS)("recycling, spawn %s", (spawn) => {
  it("D40: workers that reach their limit together go one at a time, each after its successor is ready", async () => {
    const { server } = await serving([app("1")], {
      spawn,
      workers: 3,
      maxSurge: 1,
      heartbeatTimeoutMs: 900,
      recycle: { requests: 30, jitter: 0 },
    });
    const ready = new Set(server.stats().workers.map(({ worker }) => worker));
    let lowest = ready.size;
    let booting = 0;
    let most = 0;
    server.on("worker:spawned", () => {
      booting += 1;
      most = Math.max(most, booting);
    });
    server.on("worker:ready", ({ worker }) => {
      booting -= 1;
      ready.add(worker);
    });
    server.on("worker:draining", ({ worker }) => {
      ready.delete(worker);
      lowest = Math.min(lowest, ready.size);
    });
    const probe = await probing(server);
    await within(
      "two rounds",
      until(server, () => server.stats().counters.exited >= 6),
      undefined,
      40_000,
    );
    expect((await probe.stop()).errorsByKind).toEqual({});
    expect({ lowest, most }).toEqual({ lowest: 3, most: 1 });
    expect(server.stats().counters).toMatchObject({ crashed: 0, killed: 0 });
  });
});

describe("a storm of signals", () => {
  it("F54: five hundred restarts and as many stops: nobody is lost, and each worker is told once", async () => {
    const folder = await testFolder({ "app.mjs": expressApp("1") });
    const server = await startBrood(folder, "-w", "2", "-l", "127.0.0.1:0", "--min-healthy", "50");
    for (let count = 0; count < 500; count += 1) process.kill(server.pid, "SIGUSR2");
    const calm = seen(async () => {
      const { roll, lastRoll, ready } = await server.stats();
      return roll === null && lastRoll?.result === "completed" && ready === 2;
    });
    await within("the last restart", calm, undefined, 40_000);
    const { workers, generation } = await server.stats();
    expect(workers.map((each) => each.generation)).toEqual([generation, generation]);
    for (let count = 0; count < 500; count += 1) process.kill(server.pid, "SIGTERM");
    expect(await server.ended()).toEqual({ exitCode: 0, signal: null });
  });
});

describe("a wall clock that jumps", () => {
  it("D42: by an hour and back kills nobody and recycles nobody", async () => {
    const { server, entryOf } = await serving([app("1"), app("2")], {
      heartbeatTimeoutMs: 600,
      recycle: { ageMs: 1_800_000 },
    });
    const real = Date.now;
    let jumpMs = 3_600_000;
    vi.spyOn(Date, "now").mockImplementation(() => real() + jumpMs);
    onTestFinished(() => void vi.restoreAllMocks());
    const beats = async (): Promise<void> => {
      for (let count = 0; count < 20; count += 1) {
        jumpMs = -jumpMs;
        await server.freshStats();
      }
    };
    await beats();
    expect(await within("the roll", server.restart({ to: entryOf(2) }))).toMatchObject({
      result: "completed",
    });
    await beats();
    expect(server.stats().counters).toMatchObject({ spawned: 4, exited: 2, crashed: 0, killed: 0 });
  });
});
