// The verdict: which answers came from old code although their request was sent after the deploy.

import { describe, expect, it } from "vitest";
import { versionProbe } from "../../src/index.ts";
import { answers, probing } from "../support/probing.ts";
import { httpServer } from "../support/servers.ts";
import { nextMillisecond, until } from "../support/until.ts";

describe("staleAfter", () => {
  it("finds every answer of old code among the new, and only those sent after the date", async () => {
    let phase: "v1" | "deploying" | "deployed" = "v1";
    let answerHeld: (() => void) | undefined;
    let turn = 0;
    const server = await httpServer((_, response) => {
      if (phase === "deploying") answerHeld = () => response.end("v1");
      if (phase === "v1") response.end("v1");
      if (phase === "deployed") response.end(turn % 2 === 0 ? "v2" : "v1");
      if (phase === "deployed") turn += 1;
    });
    const probe = await probing({ target: server.target, clients: 1 });
    await until("20 answers of v1", () => answers(probe, "v1") >= 20);
    phase = "deploying";
    await until("the last request sent before is held", () => answerHeld !== undefined);
    await nextMillisecond();
    const [markMs, dateMs] = [probe.mark(), Date.now()];
    await nextMillisecond();
    phase = "deployed";
    answerHeld?.();
    await until("20 answers of v2", () => answers(probe, "v2") >= 20);
    const report = await probe.stop();

    const staleServed = Math.floor(turn / 2);
    expect(staleServed).toBeGreaterThanOrEqual(19);
    expect(report.staleAfter(markMs, "v2")).toBe(staleServed);
    expect(report.staleAfter(dateMs, "v2")).toBe(staleServed);
    expect(report.byVersion["v1"]).toBeGreaterThan(20 + staleServed);
  });

  it("does not count an old answer that arrives late to a request sent before", async () => {
    let version = "v1";
    const held: (() => void)[] = [];
    const server = await httpServer((request, response) => {
      const answer = version;
      if (request.url === "/slow") held.push(() => response.end(answer));
      else response.end(answer);
    });
    const slow = versionProbe({ target: server.target, path: "/slow", clients: 1 });
    await until("the slow request has arrived", () => held.length === 1);
    version = "v2";
    const deployedAtMs = Date.now();
    await nextMillisecond();
    held[0]?.();
    const probe = await slow;
    await until("the next request has arrived", () => held.length === 2);
    const stopped = probe.stop();
    held[1]?.();
    const report = await stopped;

    expect(report.byVersion).toEqual({ v1: 1, v2: 1 });
    expect(report.staleAfter(deployedAtMs)).toBe(0);
    expect(report.staleAfter(deployedAtMs - 1_000)).toBe(1);
    expect(report.versions.map((each) => each.version)).toEqual(["v1", "v2"]);
  });

  it("expects the version of the request sent last, not of the answer that arrived last", async () => {
    let turn = 0;
    let answerOld: (() => void) | undefined;
    const server = await httpServer((_, response) => {
      turn += 1;
      if (turn === 10) answerOld = () => response.end("v1");
      else response.end("v2");
    });
    const probe = await probing({ target: server.target, clients: 2 });
    await until("one request is held", () => answerOld !== undefined);
    const before = answers(probe, "v2");
    await until("the other client was answered since", () => answers(probe, "v2") >= before + 5);
    const stopped = probe.stop();
    await until("only the held request is out", () => probe.snapshot().inFlight === 1);
    answerOld?.();
    const report = await stopped;
    expect(report.staleAfter(0)).toBe(1);
    expect(report.staleAfter(0, "v1")).toBe(report.byVersion["v2"]);
  });

  it("shows a deploy that changed nothing when the expected version is given", async () => {
    const server = await httpServer((_, response) => response.end("v1"));
    const probe = await probing({ target: server.target });
    const beforeMs = Date.now() - 60_000;
    const report = await probe.stop();
    expect(report.staleAfter(beforeMs)).toBe(0);
    expect(report.staleAfter(beforeMs, "v2")).toBe(report.requests);
  });
});
