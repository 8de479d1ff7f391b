// Hooks that throw or never settle: the outcome of each, as docs/hooks.md declares it. The supervisor is never harmed.

import { describe, expect, it } from "vitest";
import { app, serving, until } from "../support/serving.ts";
import { within } from "../support/within.ts";

const THROWS = "throw new Error('hook: no');";
const HANGS = "return new Promise(() => {});";

const hook = (name: string, body: string): string =>
  app("2", "", `export async function ${name}(ctx) { ${body} }`);

describe.each(["fresh", "template"] as const)("hooks, spawn %s", (spawn) => {
  it.each([
    ["warmup", THROWS, "BROOD_BOOT_FAILED"],
    ["warmup", HANGS, "BROOD_BOOT_TIMEOUT"],
    ["onWorkerBoot", THROWS, "BROOD_BOOT_FAILED"],
    ["onWorkerBoot", HANGS, "BROOD_BOOT_TIMEOUT"],
    ["healthCheck", THROWS, "BROOD_HEALTH_CHECK"],
    ["healthCheck", HANGS, "BROOD_HEALTH_CHECK"],
  ])("60: %s with %j fails the restart with %s, and the old code serves on", async (name, body, code) => {
    const { server, entryOf } = await serving([app("1"), hook(name, body)], {
      spawn,
      workers: 1,
      bootTimeoutMs: 2_500,
      healthCheck: { timeoutMs: 300, intervalMs: 50 },
    });
    const { result, reason } = await within(
      "the roll",
      server.restart({ to: entryOf(2) }),
      undefined,
      30_000,
    );
    expect({ result, code: reason?.code }).toEqual({ result: "failed", code });
    if (body === THROWS) expect(`${reason?.message} ${reason?.stderr}`).toContain("hook: no");
    expect(server.stats()).toMatchObject({ generation: 1, ready: 1, state: "running" });
  });

  it("60: onWorkerShutdown that throws is told with worker:exited, and changes nothing else", async () => {
    const { server, entryOf } = await serving([hook("onWorkerShutdown", THROWS), app("3")], {
      spawn,
      workers: 1,
    });
    const exited = new Promise((resolve) => server.once("worker:exited", resolve));
    expect(await within("the roll", server.restart({ to: entryOf(2) }))).toMatchObject({
      result: "completed",
      killed: 0,
    });
    expect(await exited).toMatchObject({ exitCode: 1, reason: { code: "BROOD_WORKER_EXITED" } });
    expect(server.stats()).toMatchObject({ ready: 1, counters: { spawned: 2 } });
  });

  it("60: onWorkerShutdown that never settles ends at drainTimeoutMs, counted as killed", async () => {
    const { server, entryOf } = await serving([hook("onWorkerShutdown", HANGS), app("3")], {
      spawn,
      workers: 1,
      drainTimeoutMs: 400,
    });
    expect(await within("the roll", server.restart({ to: entryOf(2) }))).toMatchObject({
      result: "completed",
      killed: 1,
    });
    await until(server, () => server.stats().ready === 1);
  });
});
