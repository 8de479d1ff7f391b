// What a probe says of its connections: who closed each, and which requests were lost to that.

import { createServer } from "node:http";
import { describe, expect, it } from "vitest";
import { versionProbe } from "../../src/index.ts";
import { answers, probing } from "../support/probing.ts";
import { httpServer, rawServer } from "../support/servers.ts";
import { until } from "../support/until.ts";

const NONE_LOST = { unconnected: 0, onNewConnection: 0, onKeptConnection: 0, cutOff: 0, timedOut: 0 };
const NONE_CLOSED = { closedByClient: 0, closedAsAnnounced: 0, closedIdle: 0, closedUnderRequest: 0 };

/** An answer with these headers. */
function answer(...headers: readonly string[]): string {
  return ["HTTP/1.1 200 OK", "content-length: 2", ...headers, "", "v1"].join("\r\n");
}

describe("connections of a probe", () => {
  it("are closed by the client when it stops, and that is no loss", async () => {
    const server = await httpServer((_, response) => response.end("v1"));
    const probe = await probing({ target: server.target, clients: 3 });
    await probe.more(10);
    const report = await probe.stop();
    expect(report.connections).toEqual({ ...NONE_CLOSED, opened: 3, closedByClient: 3 });
    expect(report.lost).toEqual(NONE_LOST);
  });

  it("are closed as announced after an answer that says so, and when the request did", async () => {
    const server = await rawServer((socket) =>
      socket.on("data", () => socket.end(answer("connection: close"))),
    );
    const probe = await probing({ target: server.target, clients: 1 });
    await probe.more(5);
    const report = await probe.stop();
    expect(report.errors).toEqual([]);
    expect(report.connections.closedAsAnnounced).toBe(report.requests);

    const plain = await httpServer((_, response) => response.end("v1"));
    const each = await (await probing({ target: plain.target, newConnections: true })).stop();
    const { requests: opened } = each;
    expect(each.connections).toEqual({ ...NONE_CLOSED, opened, closedAsAnnounced: opened });
  });

  it("closed idle by the server are told apart, with nothing lost where the client hears of it in time", async () => {
    const server = await rawServer((socket) =>
      // Without `Connection: close`, and without an hint of how long.
      socket.on("data", () => socket.end(answer())),
    );
    const probe = await probing({ target: server.target, clients: 2, thinkMs: 100 });
    await probe.more(2);
    const report = await probe.stop();
    expect(report.errors).toEqual([]);
    expect(report.connections.closedIdle).toBeGreaterThanOrEqual(report.requests - 2);
    expect(report.connections.closedUnderRequest).toBe(0);
  });

  it("closed under a request over a slow link are losses on a kept connection", async () => {
    // Closes each connection right after its first answer: the FIN and the next request pass each other.
    const server = await rawServer((socket) => socket.on("data", () => socket.end(answer())));
    const probe = await probing({ target: server.target, clients: 2, latencyMs: 20 });
    await until("four errors", () => probe.snapshot().errors >= 4);
    const report = await probe.stop();
    expect(report.lost).toEqual({ ...NONE_LOST, onKeptConnection: report.errors.length });
    expect(report.connections.closedUnderRequest).toBe(report.errors.length);
    expect(new Set(report.errors.map(({ lost }) => lost))).toEqual(new Set(["onKeptConnection"]));
  });

  it("that were never answered, cut off in an answer, or silent count as what they are", async () => {
    let turn = 0;
    const server = await rawServer((socket) =>
      socket.on("data", () => {
        turn += 1;
        if (turn % 3 === 0) socket.resetAndDestroy();
        else if (turn % 3 === 1) socket.end("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nv1");
      }),
    );
    const probe = await probing({ target: server.target, clients: 1, requestTimeoutMs: 40 });
    await until("three errors", () => probe.snapshot().errors >= 3);
    const { lost, requests, connections } = await probe.stop();
    expect(Object.values(lost).reduce((sum, count) => sum + count, 0)).toBe(requests);
    expect([lost.cutOff, lost.timedOut, lost.onNewConnection].every((count) => count > 0)).toBe(true);
    expect(connections.closedByClient).toBe(lost.timedOut);
    expect(connections.closedUnderRequest).toBe(lost.cutOff + lost.onNewConnection);
  });

  it.each([0, 10])("that were refused were never opened, with %i ms of latency", async (latencyMs) => {
    const closed = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => closed.once("listening", resolve));
    const address = closed.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await new Promise((resolve) => closed.close(resolve));
    const report = await (await probing({ target: `tcp://127.0.0.1:${port}`, latencyMs })).stop();
    expect(report.errorsByKind).toEqual({ ECONNREFUSED: report.requests });
    expect(report.lost).toEqual({ ...NONE_LOST, unconnected: report.requests });
    expect(report.connections).toEqual({ ...NONE_CLOSED, opened: 0 });
  });

  it("are given up one second before the server's hint is over, unless hints are ignored", async () => {
    const server = await rawServer((socket) =>
      socket.on("data", () => socket.write(answer("keep-alive: timeout=2"))),
    );
    const polite = await probing({ target: server.target, clients: 1, thinkMs: [1_200, 1_300] });
    const rude = await probing({
      ...{ target: server.target, clients: 1, thinkMs: [1_200, 1_300] },
      keepAliveHints: "ignore",
    });
    await Promise.all([polite.more(2), rude.more(2)]);
    const [obeyed, ignored] = [await polite.stop(), await rude.stop()];
    expect(obeyed.connections).toEqual({
      ...NONE_CLOSED,
      opened: obeyed.requests,
      closedByClient: obeyed.requests,
    });
    expect(ignored.connections).toMatchObject({ opened: 1, closedByClient: 1 });
  });

  it("cross a slow link to TCP and to a unix socket, and answers take a round trip", async () => {
    for (const where of ["tcp", "unix"] as const) {
      const server = await httpServer((_, response) => response.end("v1"), where);
      const probe = await versionProbe({ target: server.target, clients: 2, latencyMs: 25 });
      await probe.more(6);
      const report = await probe.stop();
      expect(report.errors).toEqual([]);
      expect(report.latency.p50).toBeGreaterThanOrEqual(48);
      expect(server.connections()).toBe(2);
      await until("the server has seen every socket close", () => server.sockets.size === 0);
      expect(answers(probe, "v1")).toBe(report.requests);
    }
  });
});
