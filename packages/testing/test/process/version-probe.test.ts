// The probe against small real servers: what it counts, which connections it makes, and that it ends.

import { describe, expect, it } from "vitest";
import { versionProbe } from "../../src/index.ts";
import { answers, probing } from "../support/probing.ts";
import { httpServer } from "../support/servers.ts";
import { until } from "../support/until.ts";

describe.each([
  { where: "tcp", newConnections: true },
  { where: "tcp", newConnections: false },
  { where: "unix", newConnections: true },
  { where: "unix", newConnections: false },
] as const)("versionProbe over $where, newConnections $newConnections", ({ where, newConnections }) => {
  it("counts every answer by its version and finds no stale one after a clean switch", async () => {
    let version = "v1";
    let served = 0;
    const server = await httpServer((_, response) => {
      served += 1;
      response.end(version);
    }, where);
    const probe = await probing({ target: server.target, newConnections });
    expect(answers(probe, "v1")).toBeGreaterThanOrEqual(4);

    version = "v2";
    const switchedAtMs = probe.mark();
    await until("100 answers of v2", () => answers(probe, "v2") >= 100);
    const report = await probe.stop();

    expect(report.errors).toEqual([]);
    expect(report.requests).toBe(served);
    expect((report.byVersion["v1"] ?? 0) + (report.byVersion["v2"] ?? 0)).toBe(served);
    expect(Object.keys(report.byVersion)).toEqual(["v1", "v2"]);
    expect(report.staleAfter(switchedAtMs)).toBe(0);
    expect(report.staleAfter(0)).toBe(report.byVersion["v1"]);
    expect(report.staleAfter(switchedAtMs, "v1")).toBeGreaterThanOrEqual(96);
  });

  it("opens one connection for each request, or keeps one for each client", async () => {
    const server = await httpServer((_, response) => response.end("v1"), where);
    const probe = await probing({ target: server.target, newConnections });
    await until("50 answers", () => answers(probe, "v1") >= 50);
    const report = await probe.stop();
    expect(server.connections()).toBe(newConnections ? report.requests : 4);
  });

  it("leaves no socket when stop() has resolved", async () => {
    const server = await httpServer((_, response) => response.end("v1"), where);
    const probe = await probing({ target: server.target, newConnections });
    const socketsOfThisProcess = () =>
      process.getActiveResourcesInfo().filter((each) => /TCPSocketWrap|PipeWrap/.test(each)).length;
    await probe.stop();
    await until("the server has seen every socket close", () => server.sockets.size === 0);
    const left = socketsOfThisProcess();
    const other = await versionProbe({ target: server.target, newConnections, clients: 32 });
    await other.stop();
    await until("the server has seen every socket close", () => server.sockets.size === 0);
    expect(socketsOfThisProcess()).toBe(left);
  });
});

describe("a probe's life", () => {
  it("resolves only when each client has had an answer", async () => {
    const held: (() => void)[] = [];
    let isOpen = false;
    const server = await httpServer((_, response) => {
      if (isOpen) response.end("v1");
      else held.push(() => response.end("v1"));
    });
    let isReady = false;
    const starting = versionProbe({ target: server.target, clients: 3 }).then((probe) => {
      isReady = true;
      return probe;
    });
    await until("three requests are held", () => held.length === 3);
    held[0]?.();
    held[1]?.();
    await until("the two that were answered ask again", () => held.length === 5);
    expect(isReady).toBe(false);
    isOpen = true;
    for (const answer of held) answer();
    const probe = await starting;
    expect((await probe.stop()).requests).toBeGreaterThanOrEqual(3);
  });

  it("lets requests in flight end before it reports, and gives the same report again", async () => {
    let answer: (() => void) | undefined;
    let turn = 0;
    const server = await httpServer((_, response) => {
      turn += 1;
      if (turn === 1) response.end("v1");
      else answer = () => response.end("v2");
    });
    const probe = await probing({ target: server.target, clients: 1 });
    await until("the second request is held", () => answer !== undefined);
    expect(probe.snapshot()).toEqual({ requests: 1, inFlight: 1, errors: 0, byVersion: { v1: 1 } });
    const stopped = probe.stop();
    answer?.();
    const report = await stopped;
    expect(report.byVersion).toEqual({ v1: 1, v2: 1 });
    expect(await probe.stop()).toBe(report);
    expect(turn).toBe(2);
  });

  it("measures latency from sending to the whole body", async () => {
    const server = await httpServer((_, response) => {
      response.write("v");
      setTimeout(() => response.end("1"), 30);
    });
    const report = await (await probing({ target: server.target })).stop();
    expect(report.latency.p50).toBeGreaterThanOrEqual(29);
    expect(report.latency.p50).toBeLessThanOrEqual(report.latency.p90);
    expect(report.latency.p99).toBeLessThanOrEqual(report.latency.max);
    expect(report.durationMs).toBeGreaterThanOrEqual(29);
  });

  it("waits between an answer and the next request, and not when it is to stop", async () => {
    const sentAtMs: number[] = [];
    const server = await httpServer((_, response) => {
      sentAtMs.push(performance.now());
      response.end("v1");
    });
    const probe = await probing({ target: server.target, clients: 1, pauseMs: 20 });
    await until("5 answers", () => answers(probe, "v1") >= 5);
    await probe.stop();
    // A timer may fire one millisecond early.
    for (const [index, atMs] of sentAtMs.slice(1).entries())
      expect(atMs - (sentAtMs[index] ?? 0)).toBeGreaterThanOrEqual(19);

    const patient = await probing({ target: server.target, clients: 1, pauseMs: 60_000 });
    expect((await patient.stop()).requests).toBe(1);
  });

  it("sends the path and headers asked for", async () => {
    const seen: string[] = [];
    const server = await httpServer((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers["x-probe"]}`);
      response.end("v1");
    });
    const headers = { "x-probe": "yes" };
    await (await probing({ target: `${server.target}/version?full=1`, headers, clients: 1 })).stop();
    await (await probing({ target: server.target, path: "/other", headers, clients: 1 })).stop();
    expect(new Set(seen)).toEqual(new Set(["GET /version?full=1 yes", "GET /other yes"]));
  });

  it("draws how long a client thinks from a seed, each client for itself", async () => {
    const drawn = async (seed: number): Promise<number[]> => {
      const sent = new Map<string, number[]>();
      const server = await httpServer((request, response) => {
        const client = String(request.headers["x-client"]);
        sent.set(client, [...(sent.get(client) ?? []), performance.now()]);
        response.end("v1");
      });
      const requests = (_: number, client: number) => ({ headers: { "x-client": String(client) } });
      const probe = await probing({ target: server.target, clients: 2, thinkMs: [0, 60], seed, requests });
      await until("three requests of each", () => [...sent.values()].every(({ length }) => length >= 3));
      await probe.stop();
      return [...sent.keys()].sort().flatMap((client) => {
        const [first = 0, second = 0, third = 0] = sent.get(client) ?? [];
        return [second - first, third - second];
      });
    };
    const [one, again, other] = [await drawn(7), await drawn(7), await drawn(8)];
    const apart = (a: number[], b: number[]): number =>
      Math.max(...a.map((each, index) => Math.abs(each - (b[index] ?? 0))));
    // The pauses of one seed are the same but for how late this process was; of another they are not.
    expect(apart(one, again)).toBeLessThan(apart(one, other));
  });

  it("asks what a list says in turn, each client from a place of its own, and what a function says", async () => {
    const seen: string[] = [];
    const server = await httpServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", () => {
        seen.push(`${request.method} ${request.url} ${body}`);
        response.end("v1");
      });
    });
    const requests = [
      { path: "/a" },
      { method: "PUT", path: "/b", body: "text" },
      { body: Buffer.from("bytes") },
    ];
    const probe = await probing({ target: server.target, clients: 1, requests });
    await probe.more(6);
    await probe.stop();
    expect(seen.slice(0, 4)).toEqual(["GET /a ", "PUT /b text", "POST / bytes", "GET /a "]);

    seen.length = 0;
    const each = await probing({
      ...{ target: server.target, clients: 2 },
      requests: (turn, client) => ({ path: `/${client}/${turn}` }),
    });
    await each.more(6);
    await each.stop();
    expect(seen.filter((line) => line.startsWith("GET /1/")).slice(0, 2)).toEqual(["GET /1/0 ", "GET /1/1 "]);
  });

  it("counts a function that gives no request as error of its own kind, and goes on", async () => {
    const server = await httpServer((_, response) => response.end("v1"));
    const probe = await probing({
      ...{ target: server.target, clients: 1 },
      requests: (turn) => (turn % 2 === 0 ? {} : { method: "FETCH" }),
    });
    await probe.more(6);
    const report = await probe.stop();
    expect(report.errorsByKind).toEqual({ request: report.errors.length });
    expect(report.errors[0]?.message).toMatch(/option requests\(\).method: got "FETCH"/);
    expect(report.byVersion["v1"]).toBe(report.requests - report.errors.length);
  });

  it.each([
    [{ target: "ftp://127.0.0.1" }, /option target: got "ftp:\/\/127.0.0.1", expected "http:/],
    [{ target: "unix:relative.sock" }, /option target/],
    [{ target: "http://127.0.0.1:0" }, /the port that the server got/],
    [{ target: "http://127.0.0.1", path: "a b" }, /option path/],
    [{ target: "http://127.0.0.1", path: "/a b" }, /option path/],
    [{ target: "http://127.0.0.1", clients: 0 }, /option clients: got 0, expected a whole number from 1/],
    [{ target: "http://127.0.0.1", pauseMs: -1 }, /option pauseMs: got -1, expected a whole number from 0/],
    [
      { target: "http://127.0.0.1", pauseMs: 1, thinkMs: 1 },
      /option pauseMs: got 1, expected none beside thinkMs/,
    ],
    [
      { target: "http://127.0.0.1", thinkMs: [5, 1] as const },
      /option thinkMs\[1\]: got 1, expected a whole number from 5/,
    ],
    [
      { target: "http://127.0.0.1", thinkMs: [5] as never },
      /option thinkMs: got an array, expected a number or \[min, max\]/,
    ],
    [{ target: "http://127.0.0.1", latencyMs: 0.5 }, /option latencyMs: got 0.5/],
    [{ target: "http://127.0.0.1", seed: -1 }, /option seed: got -1/],
    [{ target: "http://127.0.0.1", keepAliveHints: "maybe" as never }, /option keepAliveHints: got "maybe"/],
    [
      { target: "http://127.0.0.1", webSocket: 1 as never },
      /option webSocket: got 1, expected true or false/,
    ],
    [
      { target: "http://127.0.0.1", requests: [] },
      /option requests: got an array, expected a list of requests that is not/,
    ],
    [
      { target: "http://127.0.0.1", requests: [{}, { method: "FETCH" }] },
      /option requests\[1\].method: got "FETCH"/,
    ],
    [{ target: "http://127.0.0.1", requests: [{ verb: "PUT" } as never] }, /option requests\[0\].verb/],
    [
      { target: "http://127.0.0.1", requests: [{ body: 3 as never }] },
      /option requests\[0\].body: got 3, expected a string or bytes/,
    ],
    [
      { target: "http://127.0.0.1", requests: [{ headers: { "a b": "c" } }] },
      /option requests\[0\].headers.a b/,
    ],
    [
      { target: "http://127.0.0.1", webSocket: true, requests: [{ path: "/" }] },
      /option requests\[0\].path: got "\/", expected one of body/,
    ],
    [{ target: "http://127.0.0.1", headers: { "bad name": "x" } }, /option headers.bad name/],
    [{ target: "http://127.0.0.1", client: 3 }, /option client: got 3, expected one of/],
  ])("refuses %j before it sends anything", async (options, message) => {
    const refused = versionProbe(options);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toMatchObject({ code: "BROOD_BAD_OPTION" });
  });
});
