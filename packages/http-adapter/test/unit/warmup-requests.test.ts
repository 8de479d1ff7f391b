import { readFileSync } from "node:fs";
import { createServer, IncomingMessage } from "node:http";
import http2 from "node:http2";
import https from "node:https";
import { type Server, Socket } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { sendWarmupRequests } from "../../src/worker/warmup-requests.ts";

const file = (name: string): Buffer => readFileSync(new URL(`../fixtures/tls/${name}.pem`, import.meta.url));
const tls = { key: file("key"), cert: file("cert") };

const SERVERS: readonly (readonly [string, () => Server])[] = [
  ["http", () => createServer()],
  ["https", () => https.createServer(tls)],
  ["HTTP/2 in clear", () => http2.createServer()],
  ["HTTP/2 or 1", () => http2.createSecureServer({ ...tls, allowHTTP1: true })],
  ["HTTP/2 only", () => http2.createSecureServer(tls)],
];

describe("warm-up requests", () => {
  it.each(SERVERS)("reach a server that does not listen, over one connection: %s", async (_, create) => {
    const seen: unknown[] = [];
    const server = create().on("request", ({ method, url, headers }, response) => {
      seen.push([method, url, headers["user-agent"]]);
      response.end("answered");
    });
    const sockets = connectionsOf(server);
    await sendWarmupRequests(server, { requests: 2, paths: ["/a", "/b?c=d"] });
    const [a, b] = ["/a", "/b?c=d"].map((path) => ["GET", path, "brood-warmup"]);
    expect(seen).toEqual([a, b, a, b]);
    expect(sockets.map(({ closed }) => closed)).toEqual([true]);
    expect(server.listening).toBe(false);
    // A template that is forked now must have no socket of ours: neither end, nor the one that was open for them.
    expect(process.getActiveResourcesInfo().filter((each) => /^TCP/.test(each))).toEqual([]);
  });

  it("are what a user's request is, for V8 too", async () => {
    const kinds: unknown[] = [];
    const server = createServer((request, response) => {
      const { socket } = request;
      kinds.push([Object.getPrototypeOf(request), Object.getPrototypeOf(socket), socket.remoteAddress]);
      response.end();
    });
    await sendWarmupRequests(server, { requests: 1, paths: ["/"] });
    expect(kinds).toEqual([[IncomingMessage.prototype, Socket.prototype, "127.0.0.1"]]);
  });

  it("go on over another connection when the application closes one, and say what failed", async () => {
    const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    onTestFinished(() => said.mockRestore());
    const server = createServer(({ url, socket }, response) => {
      if (url === "/gone") return void socket.destroy();
      response.writeHead(url === "/broken" ? 503 : 200, { connection: "close" }).end();
    });
    const sockets = connectionsOf(server);
    await sendWarmupRequests(server, { requests: 2, paths: ["/gone", "/broken", "/fine"] });
    expect(sockets).toHaveLength(6);
    expect(sockets.every(({ closed }) => closed)).toBe(true);
    expect(said.mock.calls.flat()).toEqual([
      "brood: warm-up request GET /gone: Error: socket hang up\n",
      "brood: warm-up request GET /broken: answered 503\n",
    ]);
  });

  it.each(SERVERS)("end at once, unsaid, when they are to stop: %s", async (_, create) => {
    const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    onTestFinished(() => said.mockRestore());
    const stopping = new AbortController();
    const seen: unknown[] = [];
    const server = create().on("request", ({ url }) => {
      seen.push(url);
      stopping.abort(); // and it never answers
    });
    const sockets = connectionsOf(server);
    const { signal } = stopping;
    await sendWarmupRequests(server, { requests: 2, paths: ["/a", "/b"] }, { signal });
    await sendWarmupRequests(server, { requests: 1, paths: ["/c"] }, { signal });
    expect(seen).toEqual(["/a"]);
    expect(sockets.map(({ closed }) => closed)).toEqual([true]);
    expect(said.mock.calls).toEqual([]);
  });

  it.each(SERVERS)("end at once when they are to stop before they are connected: %s", async (_, create) => {
    const stopping = new AbortController();
    const server = create().on("request", () => {}); // never answers
    const sockets = connectionsOf(server);
    const adopt = (): void => stopping.abort();
    await sendWarmupRequests(server, { requests: 1, paths: ["/"] }, { adopt, signal: stopping.signal });
    expect(sockets.map(({ closed }) => closed)).toEqual([true]);
  });

  it.each(SERVERS)("tell of their connection before the server has it: %s", async (_, create) => {
    const order: unknown[] = [];
    const server = create().on("request", (_request, response) => response.end());
    server.on("connection", (socket: Socket) => void order.push(socket));
    const adopt = (socket: Socket): void => void order.push("adopted", socket);
    await sendWarmupRequests(server, { requests: 1, paths: ["/"] }, { adopt });
    const [, socket] = order;
    expect(order).toEqual(["adopted", socket, socket]);
  });

  it("are none when none were asked for", async () => {
    const server = createServer();
    const sockets = connectionsOf(server);
    await sendWarmupRequests(server, { requests: 0, paths: ["/"] });
    expect(sockets).toEqual([]);
  });
});

/** As they come. */
function connectionsOf(server: Server): Socket[] {
  const sockets: Socket[] = [];
  server.on("connection", (socket: Socket) => void sockets.push(socket));
  return sockets;
}
