// Workers that boot while the canary is watched, with real processes and threads: ready to open when it is proven, and
// never seen by anybody when it is not. A boot waits for long and is watched for longer than it takes on a busy machine, so
// that others are sent in good time, and have said who they are long before the proof.

import type { Server } from "@brood/http-adapter";
import { describe, expect, it } from "vitest";
import { app, probing, serving, until } from "../support/serving.ts";
import { rowsOf } from "../support/spawn.ts";
import { within } from "../support/within.ts";

const BOOT = "await new Promise((resolve) => setTimeout(resolve, 2_500));";
const WATCH_MS = 5_000;
const hook = (body: string): string => `export async function onWorkerBoot(ctx) { ${body} }`;

/** Answers tell the worker as well. */
const telling = (version: string, onBoot: string): string =>
  app(
    version,
    `response.end("${version} of " + self); return;`,
    `let self = "";\n${hook(`self = ctx.worker; ${onBoot}`)}`,
  );

/** Workers of generation 2, in the order in which they were spawned and became ready. */
function watching(server: Server): { readonly spawned: string[]; readonly ready: string[] } {
  const seen = { spawned: [] as string[], ready: [] as string[] };
  server.on("worker:spawned", ({ generation, worker }) => generation === 2 && seen.spawned.push(worker));
  server.on("worker:ready", ({ generation, worker }) => generation === 2 && seen.ready.push(worker));
  return seen;
}

const KINDS = rowsOf(
  [
    { spawn: "fresh", runtime: "process" },
    { spawn: "template", runtime: "process" },
    { spawn: "fresh", runtime: "thread" },
  ] as const,
  ({ runtime, spawn }) => runtime === "process" && spawn === "fresh",
  "followers of forked processes and of threads",
);

describe.each(KINDS)("while a canary is watched, spawn $spawn, runtime $runtime", (kind) => {
  it("others boot one after the other, and have only to open when it is proven", async () => {
    // They are sent as early as if each took as long as the canary, and take less: a busy machine has time for that.
    const slowCanary = app("2", "", hook(`if (ctx.slot === 0) ${BOOT}`));
    const { server, entryOf } = await serving([app("1"), slowCanary], {
      ...kind,
      workers: 3,
      maxSurge: 2,
      bootConcurrency: 1,
      minHealthyMs: WATCH_MS,
    });
    const seen = watching(server);
    const atProof = new Promise<readonly unknown[]>((resolve) => {
      server.on("roll:progress", ({ step }) => {
        if (step !== "rolling") return;
        const ofTwo = server.stats().workers.filter(({ requestedGeneration }) => requestedGeneration === 2);
        resolve(ofTwo.map(({ generation, state }) => [generation, state]));
      });
    });
    const roll = server.restart({ to: entryOf(2) });
    expect(await within("the proof", atProof, undefined, 30_000)).toEqual([
      [2, "ready"],
      [2, "booting"],
      [2, "booting"],
    ]);
    expect(seen.ready).toHaveLength(1);
    expect(await within("the roll", roll, undefined, 30_000)).toMatchObject({
      result: "completed",
      replaced: 3,
    });
  });

  it("C28: a release that crashes before it is proven never gets a second worker that serves", async () => {
    const crashing = `${BOOT} setTimeout(() => { throw new Error("out of luck"); }, 3_700);`;
    const { server, entryOf } = await serving([telling("1", ""), telling("2", crashing)], {
      ...kind,
      workers: 4,
      maxSurge: 2,
      minHealthyMs: WATCH_MS,
    });
    const seen = watching(server);
    const probe = await probing(server);
    const result = await within("the roll", server.restart({ to: entryOf(2) }), undefined, 30_000);
    expect(result).toMatchObject({ result: "failed", replaced: 0, reason: { slot: 0 } });
    expect(result.reason?.stderr).toContain("out of luck");
    const { byVersion } = await probe.stop();
    const [canary] = seen.ready;
    expect(seen.spawned.length).toBeGreaterThan(1);
    expect(seen.ready).toEqual([canary]);
    expect(Object.keys(byVersion).filter((each) => each.startsWith("2"))).toEqual([`2 of ${canary}`]);
    const isWell = (): boolean => server.stats().state === "running" && server.stats().ready === 4;
    await within("well", until(server, isWell), () => JSON.stringify(server.stats()));
    expect(server.stats().workers.map(({ generation }) => generation)).toEqual([1, 1, 1, 1]);
  });
});

describe("a release whose first worker is well and whose others are not", () => {
  it("C27: fails the roll while the canary is watched, before anything has moved", async () => {
    const partly = app("2", "", hook(`if (ctx.slot !== 0) throw new Error("only one may"); ${BOOT}`));
    const { server, entryOf } = await serving([app("1"), partly], { workers: 4, minHealthyMs: WATCH_MS });
    const before = server.stats().workers.map(({ worker }) => worker);
    const probe = await probing(server);
    const result = await within("the roll", server.restart({ to: entryOf(2) }), undefined, 30_000);
    expect(result).toMatchObject({ result: "failed", replaced: 0, killed: 0 });
    expect(result.reason).toMatchObject({ code: "BROOD_BOOT_FAILED", exitCode: 1 });
    expect(result.reason?.stderr).toContain("only one may");
    expect(server.stats().workers.map(({ worker }) => worker)).toEqual(before);
    expect((await probe.stop()).errorsByKind).toEqual({});
  });
});
