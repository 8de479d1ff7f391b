// Every way in which a server can fail a request is counted once, by kind, and none is retried.

import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { probing } from "../support/probing.ts";
import { httpServer, rawServer } from "../support/servers.ts";
import { until } from "../support/until.ts";

describe("errors", () => {
  it("counts a reset on a reused connection once and never retries it", async () => {
    let served = 0;
    const server = await rawServer((socket) => {
      let onThis = 0;
      socket.on("data", () => {
        served += 1;
        onThis += 1;
        if (onThis === 3) socket.resetAndDestroy();
        else socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nv1");
      });
    });
    const probe = await probing({ target: server.target, clients: 2 });
    await until("10 errors", () => probe.snapshot().errors >= 10);
    const report = await probe.stop();
    expect(report.requests).toBe(served);
    expect(Object.keys(report.errorsByKind)).toEqual(["ECONNRESET"]);
    expect(report.errorsByKind["ECONNRESET"]).toBe(report.errors.length);
    expect(report.errors[0]?.message).toContain("on a reused connection");
    expect(report.requests).toBe((report.byVersion["v1"] ?? 0) + report.errors.length);
  });

  it("counts a connection that the server ends under a request", async () => {
    const server = await rawServer((socket) => socket.on("data", () => socket.end()));
    const probe = await probing({ target: server.target, newConnections: true });
    const report = await probe.stop();
    expect(report.byVersion).toEqual({});
    expect(Object.keys(report.errorsByKind)).toEqual(["ECONNRESET"]);
  });

  it("counts an answer that is cut off", async () => {
    const server = await httpServer((_, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("v1", () => response.destroy());
    });
    const probe = await probing({ target: server.target });
    const report = await probe.stop();
    expect(report.byVersion).toEqual({});
    expect(report.errorsByKind["ECONNRESET"]).toBe(report.requests);
  });

  it("ends a request that hangs after its timeout, and still closes", async () => {
    const server = await httpServer(() => {});
    const probe = await probing({ target: server.target, requestTimeoutMs: 50 });
    const report = await probe.stop();
    expect(report.errorsByKind).toEqual({ timeout: report.requests });
    expect(report.errors[0]?.message).toBe("no whole answer within 50 ms");
    await until("the server has seen every socket close", () => server.sockets.size === 0);
  });

  it("ends an answer that never ends", async () => {
    const server = await httpServer((_, response) => void response.write("v1"));
    const probe = await probing({ target: server.target, requestTimeoutMs: 50 });
    const report = await probe.stop();
    expect(report.errorsByKind).toEqual({ timeout: report.requests });
  });

  it("counts every status but 2xx as an error of that status, with the beginning of the body", async () => {
    const statuses = [200, 500, 503, 302, 404];
    let turn = 0;
    const server = await httpServer((_, response) => {
      response.statusCode = statuses[turn % statuses.length] ?? 200;
      turn += 1;
      response.end("oh dear");
    });
    const probe = await probing({ target: server.target, clients: 1 });
    await until("two rounds", () => probe.snapshot().requests >= 10);
    const report = await probe.stop();
    expect(Object.keys(report.errorsByKind).sort()).toEqual([
      "status-302",
      "status-404",
      "status-500",
      "status-503",
    ]);
    expect(report.errors[0]?.message).toBe('answered 500 "oh dear"');
    expect(report.errors.length + (report.byVersion["oh dear"] ?? 0)).toBe(report.requests);
    expect(report.latency.max).toBeGreaterThan(0);
  });

  it("counts a refused connection and a missing unix socket", async () => {
    const closed = createServer();
    const port = await new Promise<number>((resolve) => {
      closed.listen(0, "127.0.0.1", () => {
        const address = closed.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    await new Promise((resolve) => closed.close(resolve));
    const refused = await (await probing({ target: `tcp://127.0.0.1:${port}` })).stop();
    expect(refused.errorsByKind).toEqual({ ECONNREFUSED: refused.requests });
    const missing = await (await probing({ target: "unix:/nonexistent/brood.sock" })).stop();
    expect(missing.errorsByKind).toEqual({ ENOENT: missing.requests });
  });

  it("does not spin while the server refuses", async () => {
    const probe = await probing({ target: "unix:/nonexistent/brood.sock", clients: 1 });
    const startedAtMs = performance.now();
    await until("20 errors", () => probe.snapshot().errors >= 21);
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(20 * 4);
  });

  it("counts what is not HTTP as parse", async () => {
    const server = await rawServer((socket) => socket.on("data", () => socket.end("SMTP ready\r\n\r\n")));
    const report = await (await probing({ target: server.target })).stop();
    expect(report.errorsByKind).toEqual({ parse: report.requests });
  });

  it("counts an answer without a version, whether versionOf throws or finds none", async () => {
    let turn = 0;
    const server = await httpServer((_, response) => {
      turn += 1;
      response.end(turn % 2 === 0 ? "{}" : "oh dear");
    });
    const versionOf = (response: { body: string }) => JSON.parse(response.body).version;
    const probe = await probing({ target: server.target, clients: 2, versionOf });
    const report = await probe.stop();
    expect(report.errorsByKind).toEqual({ version: report.requests });
    expect(report.errors.map((each) => each.message).join("\n")).toContain(
      'versionOf returned undefined for the body "{}"',
    );
  });

  it("keeps the first 1,000 errors and counts all", async () => {
    const server = await httpServer((_, response) => {
      response.statusCode = 500;
      response.end();
    });
    const probe = await probing({ target: server.target, clients: 128 });
    await until("1,500 errors", () => probe.snapshot().errors >= 1_500, 30_000);
    const report = await probe.stop();
    expect(report.errors.length).toBe(1_000);
    expect(report.errorsByKind["status-500"]).toBe(report.requests);
  });

  it("refuses to take a thousand bodies for versions", async () => {
    let turn = 0;
    const server = await httpServer((_, response) => {
      turn += 1;
      response.end(String(turn));
    });
    const probe = await probing({ target: server.target, clients: 16 });
    await until("the limit", () => probe.snapshot().errors > 0, 30_000);
    const report = await probe.stop();
    expect(Object.keys(report.byVersion).length).toBe(1_000);
    expect(report.errors[0]?.message).toMatch(/more than 1000 versions, the latest "\d+": check versionOf/);
  });
});
