// E45 and E46 against a real worker: everything accepted is answered, and nobody is told to stay.

import { describe, expect, it } from "vitest";
import { beginDrain, beginDrainWith, FOR_EVER_MS } from "../support/drain.ts";
import { fetchOver } from "../support/fetch-over.ts";
import { startKeepAliveLoad } from "../support/keep-alive-load.ts";
import { useScene } from "../support/scene.ts";

const scene = useScene();

describe("a draining worker", () => {
  it("is done at once when no connection is open", async () => {
    const { serve, tcp } = scene();
    const worker = await serve("drain.mjs", { lingerMs: FOR_EVER_MS });
    await fetchOver("http", tcp, "/");
    await worker.reports("connections", 0);
    await worker.step("drain");
  });

  it("accepts no new connection", async () => {
    const { serve, connect, tcp, unix } = scene();
    const worker = await serve("drain.mjs");
    await worker.step("drain");
    const other = await serve("drain.mjs");
    for (const socket of [tcp, unix]) {
      const client = await connect(socket);
      client.get("/other");
      await client.receives("answered /other");
    }
    expect(await worker.step("usage")).toMatchObject({ requests: 0 });
    expect(await other.step("usage")).toMatchObject({ requests: 2 });
  });

  it("closes an idle connection after the linger, in good order and without a word", async () => {
    const { serve, connect, tcp, unix } = scene();
    const worker = await serve("drain.mjs", { lingerMs: 50 });
    const clients = [await connect(tcp), await connect(unix)];
    for (const client of clients) {
      client.get("/first");
      await client.receives("answered /first");
    }
    await worker.step("drain");
    for (const client of clients) {
      await client.closes();
      expect(client.received).toBe("");
    }
  });

  it("E45: answers a request that comes on an idle connection, and closes that one then", async () => {
    const { serve, connect, tcp, unix } = scene();
    const worker = await serve("drain.mjs", { lingerMs: FOR_EVER_MS });
    const clients = [await connect(tcp), await connect(unix)];
    for (const client of clients) {
      client.get("/first");
      expect(await client.receives("answered /first")).toContain("Connection: keep-alive");
    }
    const drain = await beginDrain(worker);
    for (const client of clients) {
      client.get("/late");
      expect(await client.receives("answered /late")).toMatch(/^connection: close\r$/m);
      await client.closes();
    }
    await drain.ended;
  });

  it("E46: answers the first request of a connection that was accepted before", async () => {
    const { serve, connect, tcp, unix } = scene();
    const worker = await serve("drain.mjs", { lingerMs: FOR_EVER_MS });
    const clients = [await connect(tcp), await connect(unix)];
    await worker.reports("connections", 2);
    const drain = await beginDrain(worker);
    for (const client of clients) {
      client.get("/only");
      expect(await client.receives("answered /only")).toMatch(/^connection: close\r$/m);
      await client.closes();
    }
    await drain.ended;
  });

  it("finishes a slow response and closes with it", async () => {
    const { serve, connect, tcp } = scene();
    const worker = await serve("drain.mjs", { lingerMs: 0 });
    const client = await connect(tcp);
    client.get("/held");
    await worker.hears("held");
    const drain = await beginDrain(worker);
    worker.say({ say: "release" });
    expect(await client.receives("answered /held")).toMatch(/^connection: close\r$/m);
    await client.closes();
    await drain.ended;
  });

  it("finishes a response whose head was sent before, then answers one request more", async () => {
    const { serve, connect, tcp } = scene();
    const worker = await serve("drain.mjs", { lingerMs: FOR_EVER_MS });
    const client = await connect(tcp);
    client.get("/head-sent");
    await worker.hears("held");
    const drain = await beginDrain(worker);
    worker.say({ say: "release" });
    await client.receives("answered /head-sent");
    client.get("/late");
    expect(await client.receives("answered /late")).toMatch(/^connection: close\r$/m);
    await client.closes();
    await drain.ended;
  });

  it.each(["/keep-alive", "/raw-headers"])(
    "overrules an application that says otherwise: %s",
    async (path) => {
      const { serve, connect, tcp } = scene();
      const worker = await serve("drain.mjs", { lingerMs: FOR_EVER_MS, exposeGeneration: true });
      const client = await connect(tcp);
      const drain = await beginDrainWith(worker, 1);
      client.get(path);
      const head = await client.receives("\r\n\r\n");
      expect(head.match(/^connection: .*$/gim)).toEqual(["connection: close"]);
      expect(head).toContain("x-brood-generation: 3");
      if (path === "/raw-headers") expect(head.match(/^set-cookie: .*$/gim)).toHaveLength(2);
      await client.closes();
      await drain.ended;
    },
  );

  it("answers all of several pipelined requests, the last with close", async () => {
    const { serve, connect, tcp, unix } = scene();
    const worker = await serve("drain.mjs", { lingerMs: FOR_EVER_MS });
    const clients = [await connect(tcp), await connect(unix)];
    const drain = await beginDrainWith(worker, 2);
    for (const client of clients) {
      const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`;
      client.send(request("/one") + request("/two") + request("/three"));
      expect(await client.receives("answered /two")).not.toMatch(/^connection: close\r$/im);
      expect(await client.receives("answered /three")).toMatch(/^connection: close\r$/m);
      await client.closes();
    }
    await drain.ended;
  });

  it("answers pipelined requests that were in flight, in order", async () => {
    const { serve, connect, tcp } = scene();
    const worker = await serve("drain.mjs", { lingerMs: FOR_EVER_MS });
    const client = await connect(tcp);
    client.get("/held");
    client.get("/held");
    await worker.hears("held", 2);
    const drain = await beginDrain(worker);
    client.get("/third");
    await worker.reports("requests", 3);
    worker.say({ say: "release" });
    await client.receives("answered /held");
    await client.receives("answered /held");
    expect(await client.receives("answered /third")).toMatch(/^connection: close\r$/m);
    await client.closes();
    await drain.ended;
  });

  it("lets half a request grow whole, however slowly", async () => {
    const { serve, connect, tcp } = scene();
    const worker = await serve("drain.mjs", { lingerMs: 600 });
    const client = await connect(tcp);
    await worker.reports("connections", 1);
    const drain = await beginDrain(worker);
    for (const piece of ["GET /sl", "ow HTTP/1", ".1\r\nHost: ", "test\r\nX-Filler:", " yes\r\n", "\r\n"]) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      client.send(piece);
    }
    expect(await client.receives("answered /slow")).toMatch(/^connection: close\r$/m);
    await drain.ended;
  });

  it("does not mistake a request for silence because its own loop was blocked", async () => {
    const { serve, connect, tcp } = scene();
    const worker = await serve("drain.mjs", { lingerMs: 100 });
    const client = await connect(tcp);
    await worker.reports("connections", 1);
    worker.say({ say: "block", forMs: 50 });
    const drained = worker.step("drain");
    worker.say({ say: "block", forMs: 400 });
    client.get("/meanwhile");
    await client.receives("answered /meanwhile");
    await drained;
  });

  it("does not close on a request body that is still coming in", async () => {
    const { serve, connect, tcp } = scene();
    const worker = await serve("drain.mjs", { lingerMs: FOR_EVER_MS });
    const client = await connect(tcp);
    const drain = await beginDrainWith(worker, 1);
    client.send("POST /early HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n12345");
    expect(await client.receives("answered /early")).toContain("Connection: keep-alive");
    client.send("67890");
    client.get("/next");
    expect(await client.receives("answered /next")).toMatch(/^connection: close\r$/m);
    await client.closes();
    await drain.ended;
  });

  it("streams a large upload that is under way to its end", async () => {
    const { serve, connect, tcp } = scene();
    const worker = await serve("drain.mjs", { lingerMs: 0 });
    const client = await connect(tcp);
    client.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 3000000\r\n\r\n");
    client.send("a".repeat(1_000_000));
    await client.receives("aaa");
    const drain = await beginDrain(worker);
    client.send(`${"b".repeat(1_999_999)}!`);
    await client.receives("!");
    client.get("/next");
    await client.receives("answered /next").catch(() => {}); // lingerMs 0: may be answered, need not
    await drain.ended;
  });

  it("waits for an upgraded connection until it ends", async () => {
    const { serve, connect, tcp, unix } = scene();
    const worker = await serve("drain.mjs", { lingerMs: 0 });
    const clients = [await connect(tcp), await connect(unix)];
    for (const client of clients) {
      client.get("/socket", "Connection: Upgrade", "Upgrade: echo");
      await client.receives("101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
    }
    const drain = await beginDrain(worker);
    const idle = await serve("drain.mjs", { lingerMs: 0 });
    await idle.step("drain"); // as long as that takes, the sockets stay
    for (const client of clients) {
      client.send("still here");
      await client.receives("still here");
    }
    expect(await worker.step("usage")).toEqual({ requests: 2, connections: 2, tasks: 0 });
    for (const client of clients) client.destroy();
    await drain.ended;
  });

  it("calls onWorkerShutdown after the last answer", async () => {
    const { serve, connect, tcp } = scene();
    const worker = await serve("drain.mjs", { lingerMs: 0 });
    const client = await connect(tcp);
    client.get("/held");
    await worker.hears("held");
    const drain = await beginDrain(worker);
    expect(worker.told.map((each) => each.told)).toEqual(["held"]);
    worker.say({ say: "release" });
    await drain.ended;
    await worker.step("close");
    await worker.hears("onWorkerShutdown");
  });
});

/** Ten with BROOD_TEST_ROWS=all, as `pnpm test:nodes` has it. */
const TURNS = process.env["BROOD_TEST_ROWS"] === "all" ? 10 : 5;

describe("workers that take over from each other", () => {
  // Not the fixtures above: they listen for messages, and are given time to end themselves after one.
  it.each([
    ["http", "http-server.mjs"],
    ["h2c", "http2-server.mjs"],
  ] as const)(`drop nothing of %s clients in a closed loop, ${TURNS} times`, async (protocol, entry) => {
    const { serve, later, tcp, unix } = scene();
    let worker = await serve(entry);
    const load = startKeepAliveLoad(protocol, [tcp, unix], 16);
    later(() => load.stop());
    for (let roll = 0; roll < TURNS; roll += 1) {
      await load.answers(20);
      const next = await serve(entry);
      await worker.step("drain");
      await worker.step("close");
      worker.kill("SIGKILL");
      worker = next;
    }
    await load.answers(20);
    const report = await load.stop();
    expect(report.errors).toEqual([]);
    expect(report.answered).toBeGreaterThan(16 * 20 * TURNS);
  });
});
