// Draining never hangs, whatever keeps a connection open: the deadline, then the kill, and it is counted. And a stop wins at
// any moment, within the drain's deadline and a bound.

import net from "node:net";
import type { Server } from "@brood/http-adapter";
import { describe, expect, it, onTestFinished } from "vitest";
import { app, serving, until } from "../support/serving.ts";
import { SPAWN } from "../support/spawn.ts";
import { within } from "../support/within.ts";

/** Upgrades what asks for it, streams /events for ever and /endless without a pause. */
const HOLDING = `import http from "node:http";
const server = http.createServer((request, response) => {
  if (request.url === "/events") {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: open\\n\\n");
    return;
  }
  if (request.url === "/endless") {
    const more = () => response.write("x".repeat(1000)) ? setTimeout(more, 10) : response.once("drain", more);
    return more();
  }
  request.resume().on("end", () => response.end("1"));
});
server.on("upgrade", (request, socket) => {
  socket.write("HTTP/1.1 101 Switching Protocols\\r\\nupgrade: websocket\\r\\nconnection: upgrade\\r\\n\\r\\n");
});
export default server;`;

/** What holds a connection open: its request, and what has to come back before it does. */
const HOLDS = [
  ["a WebSocket", "GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n", "101"],
  ["server-sent events", "GET /events HTTP/1.1\r\nhost: x\r\n\r\n", "data: open"],
  ["a response that never ends", "GET /endless HTTP/1.1\r\nhost: x\r\n\r\n", "xxx"],
  ["an upload that never ends", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\nsome", ""],
] as const;

async function hold(server: Server, request: string, answer: string): Promise<net.Socket> {
  const { hostname, port } = new URL(server.addresses[0] ?? "");
  const socket = net.connect(Number(port), hostname).on("error", () => {});
  onTestFinished(() => void socket.destroy());
  socket.write(request);
  let seen = "";
  const answered = new Promise<void>((resolve) => {
    socket.on("data", (chunk) => {
      seen += chunk.toString("latin1");
      if (seen.includes(answer)) resolve();
    });
    if (answer === "") socket.once("connect", () => resolve());
  });
  await within(`the answer to ${request.slice(0, 20)}`, answered);
  // A worker has accepted it when it says so; half a request is never answered.
  await until(server, () => true);
  await server.freshStats();
  return socket;
}

describe("draining with a deadline", () => {
  it.each(HOLDS)(
    "D37: %s holds a worker until drainTimeoutMs, then it is killed and counted, and the roll completes",
    async (_, request, answer) => {
      const { server, entryOf } = await serving([HOLDING, app("2")], {
        workers: 1,
        minHealthyMs: 0,
        drainTimeoutMs: 400,
      });
      await hold(server, request, answer);
      const result = await within("the roll", server.restart({ to: entryOf(2) }), undefined, 20_000);
      expect(result).toMatchObject({ result: "completed", replaced: 1, killed: 1 });
      expect(server.stats()).toMatchObject({ generation: 2, ready: 1, counters: { killed: 1, crashed: 0 } });
    },
  );

  it("half a request that does not grow is given up after lingerMs: nobody is killed for it", async () => {
    const { server, entryOf } = await serving([HOLDING, app("2")], { workers: 1, drainTimeoutMs: 20_000 });
    await hold(server, "GET / HTTP/1.1\r\nhost: x\r\n", "");
    expect(await within("the roll", server.restart({ to: entryOf(2) }))).toMatchObject({ killed: 0 });
  });

  it("an application that ends its streams when ctx.signal aborts is not killed", async () => {
    const polite = `import http from "node:http";
import { worker } from ${JSON.stringify(new URL("../../dist/index.js", import.meta.url).href)};
export default http.createServer((request, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write("data: open\\n\\n");
  worker.signal.addEventListener("abort", () => response.end("data: bye\\n\\n"));
});`;
    const { server, entryOf } = await serving([polite, app("2")], { workers: 1, drainTimeoutMs: 20_000 });
    const socket = await hold(server, HOLDS[1][1], "data: open");
    const bye = new Promise<void>((resolve) => {
      socket.on("data", (chunk) => chunk.includes("bye") && resolve());
    });
    expect(await within("the roll", server.restart({ to: entryOf(2) }))).toMatchObject({ killed: 0 });
    await within("the last event", bye);
  });
});

describe("a stop", () => {
  const BOUND_MS = 5_000;

  async function stopsInTime(server: Server, drainTimeoutMs: number): Promise<void> {
    const beganAtMs = performance.now();
    await within("the stop", server.stop(), undefined, drainTimeoutMs + BOUND_MS);
    expect(performance.now() - beganAtMs).toBeLessThan(drainTimeoutMs + BOUND_MS);
    expect(server.stats()).toMatchObject({ state: "stopped", ready: 0, workers: [] });
  }

  it("wins over a canary that hangs: the restart is told, and nothing is waited for but the drain", async () => {
    // What is in the file's body a template runs; there the canary hangs in its hook.
    const hanging =
      SPAWN === "fresh"
        ? app("2", "", "await new Promise(() => {});")
        : app("2", "", "export const onWorkerBoot = () => new Promise(() => {});");
    const { server, entryOf } = await serving([HOLDING, hanging], {
      bootTimeoutMs: 60_000,
      drainTimeoutMs: 500,
    });
    await hold(server, HOLDS[0][1], HOLDS[0][2]);
    const roll = server.restart({ to: entryOf(2) });
    await within(
      "the canary",
      until(server, () =>
        server.stats().workers.some(({ requestedGeneration }) => requestedGeneration === 2),
      ),
    );
    await stopsInTime(server, 500);
    expect(await roll).toMatchObject({ result: "failed", reason: { code: "BROOD_ROLL_STOPPED" } });
  });

  it("wins over a roll that goes back", async () => {
    const partly = app(
      "2",
      "",
      "export const onWorkerBoot = (ctx) => { if (ctx.slot !== 0) throw new Error('no'); };",
    );
    const { server, entryOf } = await serving([HOLDING, partly], {
      maxFailures: 1,
      minHealthyMs: 0,
      drainTimeoutMs: 500,
    });
    const roll = server.restart({ to: entryOf(2) });
    await within(
      "the revert",
      until(server, () => server.stats().roll?.step === "reverting"),
      undefined,
      20_000,
    );
    await stopsInTime(server, 500);
    expect(await roll).toMatchObject({ result: "failed", reason: { code: "BROOD_BOOT_FAILED" } });
  });

  it("wins over a template that is still loading", async () => {
    const slow = app("2", "", "await new Promise((resolve) => setTimeout(resolve, 60_000));");
    const { server, entryOf } = await serving([HOLDING, slow], {
      spawn: "template",
      bootTimeoutMs: 90_000,
      drainTimeoutMs: 500,
    });
    const roll = server.restart({ to: entryOf(2) });
    await until(server, () => server.stats().roll?.step === "template");
    await stopsInTime(server, 500);
    expect(await roll).toMatchObject({ result: "failed", reason: { code: "BROOD_ROLL_STOPPED" } });
  });

  it("a second one that hurries ends it at once, whatever holds the workers", async () => {
    const { server } = await serving([HOLDING], { drainTimeoutMs: 600_000 });
    await hold(server, HOLDS[2][1], HOLDS[2][2]);
    const first = server.stop();
    await until(server, () => server.stats().workers.some(({ state }) => state === "draining"));
    await within("both", Promise.all([first, server.stop({ now: true })]), undefined, BOUND_MS);
  });
});
