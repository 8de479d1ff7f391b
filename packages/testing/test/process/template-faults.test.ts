// The template dies under load, with real processes: nobody who asks notices, it is built again, and a worker that is needed
// meanwhile loads the release itself or waits, as configured.

import { describe, expect, it } from "vitest";
import { nativeSupport } from "../../../core/src/native/index.ts";
import { injecting, plainApp, started } from "../support/brood.ts";
import { answers, probing } from "../support/probing.ts";
import { until } from "../support/until.ts";

const DEADLINE_MS = 30_000;
/** Long enough for a worker to be needed meanwhile. */
const REBUILD_MS = 3_000;

const support = nativeSupport();
if (!support.ok) console.warn(`tests of a template's death are skipped: ${support.reason}`);

describe.skipIf(!support.ok)("killTemplate", () => {
  it.each([
    { fallback: "fresh", fallbacks: 1 },
    { fallback: "wait", fallbacks: 0 },
  ] as const)(
    "drops nothing, and the next worker falls back to a fresh process or waits: %o",
    async ({ fallback, fallbacks }) => {
      const server = await started({ files: plainApp("v1"), spawn: "template", template: { fallback } });
      const inject = injecting(server);
      const probe = await probing({ target: server.url, newConnections: true });
      const ends: (string | undefined)[] = [];
      server.on("template:exited", ({ reason }) => void ends.push(reason?.code));

      const rebuild = await inject.slowBoots(1, REBUILD_MS);
      const victim = await inject.killTemplate();
      expect(victim).toMatchObject({ template: "t1", generation: 1 });
      await until("the next template has begun to boot", () => rebuild.pending() === 0, DEADLINE_MS);
      const { worker } = await inject.killWorker(0, "SIGTERM");
      const isReplaced = (): boolean => {
        const { workers, ready, template } = server.stats();
        const isGone = workers.every((each) => each.worker !== worker);
        return isGone && ready === 2 && template?.state === "ready";
      };
      await until("another worker and another template", isReplaced, DEADLINE_MS);
      const before = answers(probe, "v1");
      await until("it goes on serving", () => answers(probe, "v1") > before + 100, DEADLINE_MS);

      const { errorsByKind, byVersion } = await probe.stop();
      expect(errorsByKind).toEqual({});
      expect(Object.keys(byVersion)).toEqual(["v1"]);
      expect(ends).toEqual(["BROOD_TEMPLATE_EXITED"]);
      expect(server.stats().template?.pid).not.toBe(victim.pid);
      expect(server.stats().counters.fallbacks).toBe(fallbacks);
    },
  );

  it("B15: idle: workers and their requests do not notice, and a deploy goes on from a template of its own", async () => {
    const server = await started({ files: plainApp("v1"), spawn: "template" });
    const probe = await probing({ target: server.url });
    const inject = injecting(server);
    const pids = server.stats().workers.map(({ pid }) => pid);
    await inject.killTemplate("SIGSEGV");
    await until("it is built again", () => server.stats().template?.state === "ready", DEADLINE_MS);
    expect(server.stats().workers.map(({ pid }) => pid)).toEqual(pids);
    expect(await server.deploy(plainApp("v2"))).toMatchObject({ result: "completed", replaced: 2 });
    await until("the new version answers", () => answers(probe, "v2") > 100, DEADLINE_MS);
    const { errorsByKind } = await probe.stop();
    expect(errorsByKind).toEqual({});
    expect(server.stats().counters.fallbacks).toBe(0);
  });

  it("refuses a signal that templates ignore", async () => {
    const server = await started({ files: plainApp("v1"), workers: 1, spawn: "template" });
    // @ts-expect-error: not one of the signals
    await expect(injecting(server).killTemplate("SIGTERM")).rejects.toThrow(/option signal: got "SIGTERM"/);
  });
});
