// A deploy tested with vitest's `expect`, and what the matchers say when there is something to say.

import "@brood/testing/vitest";
import { assertCapacity, assertDroppedNothing, assertNoStaleAnswers, capacityOf } from "@brood/testing";
import { describe, expect, it } from "vitest";
import { expressApp, injecting, plainApp, started } from "../support/brood.ts";
import { probing } from "../support/probing.ts";
import { httpServer } from "../support/servers.ts";
import { until } from "../support/until.ts";

describe("an Express app's deploy", () => {
  it("drops nothing, keeps its capacity, and leaves no old code", async () => {
    const server = await started({ files: expressApp("v1") });
    const probe = await probing({ target: server.url, newConnections: true });
    const capacity = capacityOf(server);

    expect(await server.deploy(expressApp("v2"))).toMatchObject({ result: "completed" });
    const deployedAtMs = probe.mark();
    await probe.more(100);

    const report = await probe.stop();
    expect(report).toHaveDroppedNothing();
    expect(report).toHaveNoStaleAnswers(deployedAtMs, "v2");
    expect(capacity).toKeepCapacity();
  });
});

describe("toHaveNoStaleAnswers", () => {
  it("tells how many answers were stale, of which version, and when the last of them was sent", async () => {
    let turn = 0;
    const server = await httpServer((_, response) => {
      turn += 1;
      response.end(turn % 2 === 0 ? "v2" : "v1");
    });
    const probe = await probing({ target: server.target, clients: 1 });
    const deployedAtMs = probe.mark();
    await probe.more(20);
    const report = await probe.stop();
    const stale = report.staleAfter(deployedAtMs, "v2");
    expect(stale).toBeGreaterThanOrEqual(9);
    const said = [
      'expected answers of version "v2" only to requests sent after \\d{4}-.*Z, ',
      `but ${stale} of \\d+ answers came from another:\n`,
      '  version "v1": \\d+ answers, the last one to a request sent \\d+ ms after\n',
      '  version "v2": .*\nLook at server\\.stats\\(\\)\\.workers',
    ];
    const message = new RegExp(said.join(""));
    expect(() => expect(report).toHaveNoStaleAnswers(deployedAtMs, "v2")).toThrow(message);
    expect(() => assertNoStaleAnswers(report, deployedAtMs, "v2")).toThrow(message);
    expect(report).not.toHaveNoStaleAnswers();
  });

  it("does not pass when nobody asked since, and says what to do", async () => {
    const server = await httpServer((_, response) => response.end("v1"));
    const probe = await probing({ target: server.target });
    const report = await probe.stop();
    expect(() => expect(report).toHaveNoStaleAnswers(probe.mark())).toThrow(
      /proves nothing.*probe\.more\(100\)/,
    );
    expect(() => expect(report).not.toHaveNoStaleAnswers(0)).toThrow(
      /^expected otherwise: .* and saw \d+ of them/,
    );
  });
});

describe("toHaveDroppedNothing", () => {
  it("tells the errors by kind", async () => {
    const server = await httpServer((_, response) => {
      response.statusCode = 503;
      response.end("busy");
    });
    const probe = await probing({ target: server.target });
    const report = await probe.stop();
    const message =
      /expected a good answer to every request, but \d of \d requests had none: status-503 \d\n {2}status-503:/;
    expect(() => expect(report).toHaveDroppedNothing()).toThrow(message);
    expect(() => assertDroppedNothing(report)).toThrow(message);
    expect(report).not.toHaveDroppedNothing();
  });
});

describe("toKeepCapacity", () => {
  it("tells when there were fewer ready workers, and why", async () => {
    const server = await started({ files: plainApp("v1") });
    const capacity = capacityOf(server);
    expect([capacity.ready, capacity.lowest, capacity.desired]).toEqual([2, 2, 2]);
    await injecting(server).killWorker(1);
    await until("the replacement", () => capacity.ready === 2, 20_000);
    expect(capacity.lowest).toBe(1);
    expect(capacity).toKeepCapacity(1);
    const message =
      /expected at least 2 ready workers all the time, but there were only 1\. Below it 1 time:\n {2}\d+ ms: 1 ready, worker=w\d slot=1 gen=1 exited signal=SIGKILL reason=BROOD_/;
    expect(() => expect(capacity).toKeepCapacity()).toThrow(message);
    expect(() => assertCapacity(capacity)).toThrow(message);
  });

  it("records nothing more when it is closed", async () => {
    const server = await started({ files: plainApp("v1") });
    const capacity = capacityOf(server);
    capacity.close();
    await injecting(server).killWorker(0);
    expect(capacity.changes).toEqual([]);
  });
});

describe("probe.more", () => {
  it("waits for requests sent since, and does not outlive the probe", async () => {
    const held: (() => void)[] = [];
    let isHolding = false;
    const server = await httpServer((_, response) => {
      if (isHolding) held.push(() => response.end("v1"));
      else response.end("v1");
    });
    const probe = await probing({ target: server.target, clients: 1 });
    isHolding = true;
    await until("a request is held", () => held.length === 1);
    let isOver = false;
    const more = probe.more(1).then(() => {
      isOver = true;
    });
    held[0]?.();
    await until("the next one is held", () => held.length === 2);
    expect(isOver).toBe(false);
    held[1]?.();
    await more;
    const never = probe.more(1_000);
    await until("one more is held", () => held.length === 3);
    const stopped = probe.stop();
    await expect(never).rejects.toMatchObject({ code: "BROOD_CLOSED" });
    held[2]?.();
    await stopped;
    await expect(probe.more(1)).rejects.toMatchObject({ code: "BROOD_CLOSED" });
  });
});
