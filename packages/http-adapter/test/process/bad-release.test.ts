// Bad releases and crash loops against real processes, for both ways to spawn: the service stays up, and says why.

import { promises as fs } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { app, probing, serving, until } from "../support/serving.ts";
import { spawns } from "../support/spawn.ts";
import { within } from "../support/within.ts";

const hook = (body: string): string => `export async function onWorkerBoot(ctx) { ${body} }`;

const SPAWNS = spawns();

describe.each(SPAWNS)("a bad release, spawn %s", (spawn) => {
  it("C28: that crashes soon after it was ready never gets past its first worker", async () => {
    const crashing = app("2", "", hook("setTimeout(() => { throw new Error('out of luck'); }, 150);"));
    const { server, entryOf } = await serving([app("1"), crashing], { spawn, minHealthyMs: 1_500 });
    const result = await within("the roll", server.restart({ to: entryOf(2) }), undefined, 30_000);
    expect(result).toMatchObject({
      result: "failed",
      replaced: 0,
      killed: 0,
      reason: { code: "BROOD_WORKER_EXITED", slot: 0, exitCode: 1, signal: null },
    });
    expect(result.reason?.stderr).toContain("out of luck");
    expect(server.stats()).toMatchObject({ generation: 1, ready: 2, state: "running" });
  });

  it("C30: whose boot hook hangs takes no old worker down, and fails at the boot deadline", async () => {
    const hanging = app("2", "", hook("await new Promise(() => {});"));
    const { server, entryOf } = await serving([app("1"), hanging], { spawn, bootTimeoutMs: 3_000 });
    const probe = await probing(server);
    const result = await within("the roll", server.restart({ to: entryOf(2) }), undefined, 30_000);
    expect(result).toMatchObject({ result: "failed", reason: { code: "BROOD_BOOT_TIMEOUT" } });
    const report = await probe.stop();
    expect([report.errorsByKind, Object.keys(report.byVersion)]).toEqual([{}, ["1"]]);
    expect(server.stats()).toMatchObject({ ready: 2, counters: { killed: 1 } });
  });

  it("C27, C31: whose first worker is well and whose others are not goes back, and respawns stay on the old code", async () => {
    const partly = app("2", "", hook("if (ctx.slot !== 0) throw new Error('only one may');"));
    // Without a watch nobody boots beside the canary, whose failure would be the roll's at once.
    const config = { spawn, workers: 3, maxFailures: 2, minHealthyMs: 0 };
    const { server, entryOf } = await serving([app("1"), partly], config);
    const probe = await probing(server);
    const result = await within("the roll", server.restart({ to: entryOf(2) }), undefined, 40_000);
    expect(result).toMatchObject({ result: "failed", replaced: 0, reason: { code: "BROOD_BOOT_FAILED" } });
    expect(result.reason?.stderr).toContain("only one may");
    const [victim] = server.stats().workers;
    process.kill(victim?.pid ?? 0, "SIGKILL");
    await within(
      "the replacement",
      until(server, () => server.stats().ready === 3 && server.stats().counters.crashed >= 3),
      () => JSON.stringify(server.stats()),
      20_000,
    );
    expect(server.stats().workers.map(({ generation }) => generation)).toEqual([1, 1, 1]);
    const report = await probe.stop();
    expect(Object.keys(report.byVersion).sort()).toEqual(["1", "2"]);
    expect(report.errors.length).toBeLessThanOrEqual(6);
  });
});

describe("going back when the old files are gone", () => {
  const partly = app("2", "", hook("if (ctx.slot !== 0) throw new Error('only one may');"));

  it("the old template still has the old code", async () => {
    const { server, folder, entryOf } = await serving([app("1"), partly], {
      spawn: "template",
      maxFailures: 2,
      minHealthyMs: 0,
    });
    await fs.rm(join(folder, "r1"), { recursive: true });
    const result = await within("the roll", server.restart({ to: entryOf(2) }), undefined, 40_000);
    expect(result).toMatchObject({ result: "failed", replaced: 0 });
    expect(server.stats().workers.map(({ generation }) => generation)).toEqual([1, 1]);
  });

  it("fresh processes cannot: what serves is kept, and that is said", async () => {
    const { server, folder, entryOf } = await serving([app("1"), partly], {
      maxFailures: 2,
      minHealthyMs: 0,
    });
    await fs.rm(join(folder, "r1"), { recursive: true });
    const result = await within("the roll", server.restart({ to: entryOf(2) }), undefined, 40_000);
    expect(result).toMatchObject({ result: "failed", replaced: 1, reason: { code: "BROOD_BOOT_FAILED" } });
    // One that was refused may still be on its way out.
    await within(
      "its end",
      until(server, () => server.stats().workers.length === 2),
    );
    expect(server.stats().workers.map(({ generation, state }) => [generation, state])).toEqual([
      [2, "ready"],
      [1, "ready"],
    ]);
  });
});

describe.each(SPAWNS)("a crash loop, spawn %s", (spawn) => {
  it("C34: of one slot backs off and is degraded; the other slot does not notice, and a cure heals it", async () => {
    const looping = app(
      "1",
      "",
      `import { existsSync } from "node:fs";
export function onWorkerBoot(ctx) {
  if (ctx.slot === 1 && existsSync(new URL("./loop", import.meta.url))) setTimeout(() => process.exit(5), 10);
}`,
    );
    const { server, folder } = await serving([looping], { spawn, minHealthyMs: 5_000 });
    const [bystander, victim] = server.stats().workers;
    const flag = join(folder, "r1/loop");
    await fs.writeFile(flag, "");
    const spawnedAtMs: number[] = [];
    server.on("worker:spawned", () => spawnedAtMs.push(performance.now()));
    process.kill(victim?.pid ?? 0, "SIGKILL");
    const isDegraded = (): boolean => server.stats().state === "degraded" && spawnedAtMs.length >= 4;
    await within("degraded", until(server, isDegraded), () => JSON.stringify(server.stats()), 20_000);
    expect(spawnedAtMs.filter((atMs) => atMs < (spawnedAtMs[0] ?? 0) + 1_000).length).toBeLessThanOrEqual(6);
    expect(server.stats().workers.find(({ slot }) => slot === 0)?.worker).toBe(bystander?.worker);
    await fs.rm(flag);
    const isWell = (): boolean => server.stats().state === "running" && server.stats().ready === 2;
    await within("well again", until(server, isWell), () => JSON.stringify(server.stats()), 40_000);
  });
});
