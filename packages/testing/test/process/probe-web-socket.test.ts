// The probe over WebSockets: versions in messages, closes by their code, messages that were never answered.

import { createServer } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { probing } from "../support/probing.ts";
import { httpServer } from "../support/servers.ts";
import { until } from "../support/until.ts";

async function webSocketServer(onSocket: (socket: WebSocket, headers: string) => void): Promise<string> {
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  server.on("connection", (socket, request) => onSocket(socket, String(request.headers["x-probe"])));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate();
    http.close();
  });
  const address = http.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

describe("versionProbe with webSocket", () => {
  it.each([0, 10])(
    "keeps one open for each client and sees the version change, %i ms away",
    async (latencyMs) => {
      let version = "v1";
      let opened = 0;
      const target = await webSocketServer((socket) => {
        opened += 1;
        socket.on("message", () => socket.send(version));
      });
      const probe = await probing({ target, webSocket: true, clients: 3, latencyMs });
      version = "v2";
      const switchedAtMs = probe.mark();
      await probe.more(9);
      const report = await probe.stop();
      expect(report.errors).toEqual([]);
      expect(report.staleAfter(switchedAtMs, "v2")).toBe(0);
      expect(opened).toBe(3);
      expect(report.connections).toMatchObject({ opened: 3, closedByClient: 3 });
      expect(report.webSocketCloses).toEqual({ 1000: 3 });
    },
  );

  it("echoes a body, sends headers, and makes a connection for each message where asked to", async () => {
    const seen = new Set<string>();
    const target = await webSocketServer((socket, header) => {
      socket.on("message", (data) => {
        seen.add(`${header} ${data}`);
        socket.send(String(data));
      });
    });
    const options = { target, webSocket: true, clients: 1, headers: { "x-probe": "yes" } };
    const probe = await probing({
      ...options,
      newConnections: true,
      requests: [{ body: "a" }, { body: "b" }],
    });
    await probe.more(4);
    const report = await probe.stop();
    expect(seen).toEqual(new Set(["yes a", "yes b"]));
    expect(Object.keys(report.byVersion)).toEqual(["a", "b"]);
    expect(report.connections.opened).toBe(report.requests);
  });

  it("counts closes by code: announced between two messages, under a message, and without a close frame", async () => {
    let turn = 0;
    const target = await webSocketServer((socket) => {
      turn += 1;
      const mine = turn % 3;
      socket.on("message", () => {
        if (mine === 2) return socket.close(1012);
        socket.send("v1");
        if (mine === 1) socket.close(1001);
        else socket.terminate();
      });
    });
    const probe = await probing({ target, webSocket: true, clients: 1, thinkMs: 20 });
    await until("two rounds", () => probe.snapshot().requests >= 7);
    const report = await probe.stop();
    const { 1001: away, 1012: restart, 1006: cut } = report.webSocketCloses;
    expect([away, restart, cut].every((count) => (count ?? 0) >= 2)).toBe(true);
    expect(report.errorsByKind).toEqual({ "close-1012": restart });
    expect(report.lost.onNewConnection).toBe(restart);
    expect(report.connections).toMatchObject({
      closedAsAnnounced: away,
      closedUnderRequest: restart,
      closedIdle: cut,
    });
  });

  it("counts a server that is no WebSocket server by its status, and one that is not there as unconnected", async () => {
    const server = await httpServer((_, response) => response.end("v1"));
    const plain = await (await probing({ target: server.target, webSocket: true })).stop();
    expect(plain.errorsByKind).toEqual({ "not-upgraded-200": plain.requests });
    const missing = await probing({ target: "unix:/nonexistent/brood.sock", webSocket: true });
    const report = await missing.stop();
    expect(report.errorsByKind).toEqual({ ENOENT: report.requests });
    expect(report.lost.unconnected).toBe(report.requests);
  });

  it("ends a message that nobody answers after its timeout, and still closes", async () => {
    const target = await webSocketServer(() => {});
    const report = await (await probing({ target, webSocket: true, requestTimeoutMs: 50 })).stop();
    expect(report.errorsByKind).toEqual({ timeout: report.requests });
    expect(report.lost.timedOut).toBe(report.requests);
  });
});
