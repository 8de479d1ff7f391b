// What new code has to show before it replaces the old: that it is fit to serve, and that it answers no worse.

import { describe, expect, it } from "vitest";
import { app, probing, serving } from "../support/serving.ts";
import { whereFresh } from "../support/spawn.ts";
import { within } from "../support/within.ts";

const WHEN_HEALTH = 'if (path === "/healthz")';

describe("a health check", () => {
  it("by path is answered by the new worker itself, and counts as nobody's request", async () => {
    const counted = app(
      "1",
      `${WHEN_HEALTH} { response.statusCode = request.socket.remoteAddress ? 204 : 500; return response.end(); }`,
    );
    const { server } = await serving([counted], { healthCheck: "/healthz" });
    const { workers, ready } = await server.freshStats();
    expect(ready).toBe(2);
    expect(workers.map(({ requests, connections }) => [requests, connections])).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  it("by path goes through TLS where the application has it", async () => {
    const [key, cert] = ["key", "cert"].map(
      (name) => new URL(`../fixtures/tls/${name}.pem`, import.meta.url).pathname,
    );
    const secure = `import https from "node:https";
import { readFileSync } from "node:fs";
const tls = { key: readFileSync(${JSON.stringify(key)}), cert: readFileSync(${JSON.stringify(cert)}) };
export default https.createServer(tls, (request, response) => {
  response.statusCode = request.url === "/healthz" && request.socket.encrypted ? 200 : 500;
  response.end();
});`;
    const { server } = await serving([secure], { healthCheck: { path: "/healthz", timeoutMs: 2_000 } });
    expect(server.stats().ready).toBe(2);
  });

  it("that says no until its deadline fails the restart with what it said, and no request ever reaches that code", async () => {
    const sick = app(
      "2",
      `${WHEN_HEALTH} { response.statusCode = 503; return response.end("no database"); }`,
    );
    const { server, entryOf } = await serving([app("1"), sick], {
      healthCheck: { path: "/healthz", timeoutMs: 500, intervalMs: 50 },
    });
    const probe = await probing(server);
    const { result, reason } = await server.restart({ to: entryOf(2) });
    expect({ result, code: reason?.code }).toEqual({ result: "failed", code: "BROOD_HEALTH_CHECK" });
    expect(reason?.message).toMatch(
      /slot=0 gen=2 the health check failed for 500 ms: GET \/healthz answered 503$/,
    );
    const report = await probe.stop();
    expect([report.errorsByKind, Object.keys(report.byVersion)]).toEqual([{}, ["1"]]);
  });

  it("that says yes in the end only delays ready", async () => {
    const slow = app(
      "1",
      `${WHEN_HEALTH} { response.statusCode = count < 4 ? 503 : 200; return response.end(); }`,
    );
    const { server } = await serving([slow], { healthCheck: { path: "/healthz", intervalMs: 20 } });
    expect(server.stats()).toMatchObject({ ready: 2, counters: { crashed: 0 } });
  });

  it.each([
    ["throws", "throw new Error('cache is cold');", "cache is cold"],
    ["gives false", "return false;", "healthCheck gave false"],
    ["never settles", "return new Promise(() => {});", "it had not answered after"],
  ])("exported by the entry that %s fails the restart", async (_, body, said) => {
    const sick = app("2", "", `export async function healthCheck(ctx) { ${body} }`);
    const { server, entryOf } = await serving([app("1"), sick], {
      healthCheck: { timeoutMs: 300, intervalMs: 50 },
    });
    const { result, reason } = await server.restart({ to: entryOf(2) });
    expect({ result, code: reason?.code }).toEqual({ result: "failed", code: "BROOD_HEALTH_CHECK" });
    expect(reason?.message).toContain(said);
    expect(server.stats()).toMatchObject({ ready: 2, generation: 1 });
  });

  it("that turns bad while the canary is watched fails the roll before anybody follows", async () => {
    const turning = app("2", "", "let asked = 0; export const healthCheck = () => (asked += 1) < 4;");
    const { server, entryOf } = await serving([app("1"), turning], {
      minHealthyMs: 5_000,
      healthCheck: { intervalMs: 50 },
    });
    const { result, reason, replaced } = await server.restart({ to: entryOf(2) });
    expect({ result, code: reason?.code, replaced }).toEqual({
      result: "failed",
      code: "BROOD_HEALTH_CHECK",
      replaced: 0,
    });
    expect(reason?.message).toContain("soon after it was ready");
  });

  it("of a bad form is refused by name", async () => {
    await expect(serving([app("1")], { healthCheck: "healthz" })).rejects.toThrow(
      "option healthCheck: got \"healthz\", expected a path that begins with '/'",
    );
  });
});

const KINDS = whereFresh(
  [{ runtime: "thread" }, { spawn: "template" }] as const,
  [],
  "a row for it is in the project `process`",
);

const CANARY = { requests: 100, maxErrorRateIncrease: 0.01, maxLatencyRatio: 2, timeoutMs: 20_000 };

describe("canary analysis", () => {
  it("stops code that answers every tenth request with 500 at its first worker, with the figures of both", async () => {
    const failing = app("2", "if (count % 10 === 0) { response.statusCode = 500; return response.end(); }");
    const { server, entryOf } = await serving([app("1"), failing], { canary: CANARY });
    const seen: string[] = [];
    server.on("roll:progress", ({ step, canary }) => seen.push(`${step} ${canary?.verdict ?? ""}`));
    const probe = await probing(server);
    const roll = await within("the roll", server.restart({ to: entryOf(2) }), undefined, 30_000);
    expect(roll).toMatchObject({
      result: "failed",
      replaced: 0,
      reason: { code: "BROOD_CANARY_REGRESSED", slot: 0 },
      canary: { verdict: "worse", from: { errors: 0, errorRate: 0 } },
    });
    expect(roll.canary?.to.errorRate).toBeGreaterThan(0.05);
    expect(roll.canary?.to.requests).toBeGreaterThanOrEqual(100);
    expect(roll.reason?.message).toMatch(
      /gen=2 answers .* % of \d+ requests with 5xx, the old generation 0 %/,
    );
    const report = await probe.stop();
    expect(Object.keys(report.errorsByKind)).toEqual(["status-500"]);
    expect(server.stats()).toMatchObject({
      generation: 1,
      ready: 2,
      lastRoll: { canary: { verdict: "worse" } },
    });
  });

  it("stops code that is several times as slow", async () => {
    const slow = app("2", "await new Promise((resolve) => setTimeout(resolve, 250));");
    const { server, entryOf } = await serving([app("1"), slow], { canary: { ...CANARY, requests: 20 } });
    await probing(server);
    const roll = await within("the roll", server.restart({ to: entryOf(2) }), undefined, 30_000);
    expect(roll).toMatchObject({ result: "failed", reason: { code: "BROOD_CANARY_REGRESSED" } });
    expect(roll.reason?.message).toContain("has a p95 of");
  });

  it.each(KINDS)("and health checks are the same with %j", async (kind) => {
    const failing = app("2", "if (path !== '/healthz' && count % 5 === 0) response.statusCode = 500;");
    const { server, entryOf } = await serving([app("1"), failing], {
      ...kind,
      canary: { ...CANARY, requests: 50 },
      healthCheck: "/healthz",
    });
    await probing(server);
    const roll = await within("the roll", server.restart({ to: entryOf(2) }), undefined, 30_000);
    expect(roll).toMatchObject({ result: "failed", reason: { code: "BROOD_CANARY_REGRESSED" } });
  });

  it("lets code pass that answers as well, and says by which figures", async () => {
    const { server, entryOf } = await serving([app("1"), app("2")], {
      canary: { ...CANARY, maxLatencyRatio: 100 },
    });
    const probe = await probing(server);
    const roll = await within("the roll", server.restart({ to: entryOf(2) }), undefined, 30_000);
    expect(roll).toMatchObject({ result: "completed", replaced: 2, canary: { verdict: "no worse" } });
    expect(roll.canary?.from.requests).toBeGreaterThanOrEqual(100);
    expect((await probe.stop()).errorsByKind).toEqual({});
  });

  it("goes on at the timeout when nobody asks, and says so", async () => {
    const { server, entryOf } = await serving([app("1"), app("2")], {
      minHealthyMs: 0,
      canary: { ...CANARY, timeoutMs: 300 },
    });
    const roll = await server.restart({ to: entryOf(2) });
    expect(roll).toMatchObject({
      result: "completed",
      canary: { verdict: "too few requests", from: { requests: 0 }, to: { requests: 0, p95Ms: null } },
    });
  });

  it("is off unless asked for", async () => {
    const { server, entryOf } = await serving([app("1"), app("2")]);
    expect(await server.restart({ to: entryOf(2) })).not.toHaveProperty("canary");
  });
});

describe("recycling by event-loop delay", () => {
  it("replaces a worker whose timers stay late, and only that one", async () => {
    const slow = app(
      "1",
      "",
      `export function onWorkerBoot(ctx) {
  if (ctx.worker !== "w1") return;
  const block = () => { const untilMs = performance.now() + 150; while (performance.now() < untilMs); };
  setInterval(block, 200);
}`,
    );
    const { server } = await serving([slow], {
      heartbeatTimeoutMs: 1_500,
      recycle: { eventLoopDelayMs: 60 },
    });
    const ended = new Promise((resolve) => server.once("worker:exited", resolve));
    expect(await within("the recycling", ended, undefined, 20_000)).toMatchObject({
      worker: "w1",
      exitCode: 0,
      reason: null,
    });
    expect(server.stats()).toMatchObject({ ready: 2, counters: { spawned: 3, crashed: 0, killed: 0 } });
  });
});
