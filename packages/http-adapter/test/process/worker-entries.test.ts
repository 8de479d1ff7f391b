// Every kind of entry, in a real worker process, answers over TCP and over a unix socket; whichever comes first.

import { describe, expect, it } from "vitest";
import { fetchOver, type Protocol } from "../support/fetch-over.ts";
import { useScene } from "../support/scene.ts";

const ENTRIES: readonly (readonly [entry: string, protocol: Protocol])[] = [
  ["listener.mjs", "http"],
  ["listener.cjs", "http"],
  ["express.mjs", "http"],
  ["express.cjs", "http"],
  ["fastify.mjs", "http"],
  ["fastify.cjs", "http"],
  ["fastify-script.mjs", "http"],
  ["fastify-plugin.cjs", "http"],
  ["promised.cjs", "http"],
  ["fastify-script.cjs", "http"],
  ["http-server.mjs", "http"],
  ["http-server.cjs", "http"],
  ["https-server.mjs", "https"],
  ["http2-server.mjs", "h2c"],
  ["http2-secure.mjs", "h2"],
  ["http2-secure.mjs", "https"],
  ["http2-streams.mjs", "h2c"],
  ["hono.mjs", "http"],
  ["fetch.mjs", "http"],
  ["hooks.mjs", "http"],
  ["transpiled.cjs", "http"],
  ["script-late.cjs", "http"],
  ["script-late.mjs", "http"],
  ["script-and-export.cjs", "http"],
  ["script-metrics.mjs", "http"],
  ["script-forever.mjs", "http"],
];

for (const order of ["tcp first", "unix first"] as const) {
  describe(`a worker with sockets ${order}`, () => {
    const scene = useScene(order);

    it.each(ENTRIES)("answers for %s (%s) on both, says who it is, and leaves", async (entry, protocol) => {
      const { serve, tcp, unix } = scene();
      const worker = await serve(entry, { exposeGeneration: true });
      for (const socket of [tcp, unix]) {
        const answer = await fetchOver(protocol, socket, "/where");
        expect(answer).toMatchObject({ status: 200, body: "GET /where" });
        expect(answer.headers).toMatchObject({ "x-brood-generation": "3", "x-brood-worker": "w7" });
      }
      await worker.step("drain");
      expect(await worker.step("usage")).toEqual({ requests: 2, connections: 0, tasks: 0 });
      await worker.step("close");
    });
  });
}

describe("a worker", () => {
  const scene = useScene();

  it("E49: does not accept before it is opened", async () => {
    const { create, connect, tcp } = scene();
    for (const entry of ["listener.mjs", "script-and-export.cjs"]) {
      const worker = await create(entry);
      await worker.step("boot");
      await expect(connect(tcp)).rejects.toThrow(/ECONNREFUSED/);
    }
  });

  it("runs warmup, the application's own ready and the hooks in order, with its context", async () => {
    const { serve, tcp } = scene();
    const worker = await serve("hooks.mjs");
    const boot = ["entry", "defineApp", "warmup", "fastify ready", "onWorkerBoot"];
    expect(worker.told).toEqual(boot.map((told) => ({ told, slot: 0, aborted: false })));
    await fetchOver("http", tcp, "/");
    await worker.step("drain");
    await worker.step("close");
    const shutdown = ["onWorkerShutdown", "fastify close"];
    expect(worker.told.slice(boot.length)).toEqual(
      shutdown.map((told) => ({ told, slot: 0, aborted: true })),
    );
  });

  it("runs the hooks of a module transpiled to CommonJS, and of one that awaits its own listen", async () => {
    const { serve } = scene();
    for (const entry of ["transpiled.cjs", "script-late.mjs", "fastify-script.mjs"]) {
      const worker = await serve(entry);
      await worker.hears("onWorkerBoot");
    }
  });

  it("streams request and response bodies of a fetch application, keeps cookies apart, and turns a throw into 500", async () => {
    const { serve, connect, tcp } = scene();
    await serve("hono.mjs", { exposeGeneration: true });
    const client = await connect(tcp);
    client.send("POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    await client.receives("one");
    client.send("3\r\ntwo\r\n0\r\n\r\n");
    await client.receives("two\r\n0\r\n\r\n");
    const cookies = await fetchOver("http", tcp, "/cookies");
    expect(cookies.headers["set-cookie"]).toEqual(["a=1", "b=2"]);
    expect(await fetchOver("http", tcp, "/throw")).toMatchObject({ status: 500 });
  });

  it("turns what a bare fetch throws into 500 and goes on", async () => {
    const { serve, tcp } = scene();
    await serve("fetch.mjs");
    expect(await fetchOver("http", tcp, "/throw")).toMatchObject({ status: 500 });
    expect(await fetchOver("http", tcp, "/next")).toMatchObject({ body: "GET /next" });
  });

  it("aborts the request of a fetch application when the client goes away", async () => {
    const { serve, connect, tcp } = scene();
    const worker = await serve("hono.mjs");
    const client = await connect(tcp);
    client.get("/endless");
    await client.receives("\r\n\r\n");
    client.destroy();
    await worker.hears("aborted");
  });

  it("serves what is not HTTP too, and lets it end by itself", async () => {
    const { serve, connect, unix } = scene();
    const worker = await serve("raw-tcp.mjs", { lingerMs: 0 });
    const client = await connect(unix);
    client.send("hello\n");
    await client.receives("you said hello\n");
    const drained = worker.step("drain");
    client.send("still there?\n");
    await client.receives("you said still there?\n");
    client.destroy();
    await drained;
  });

  it("answers a malformed request with Node's plain 400, on every socket", async () => {
    const { serve, connect, tcp, unix } = scene();
    await serve("listener.mjs");
    for (const socket of [tcp, unix]) {
      const client = await connect(socket);
      client.send("NOT HTTP\r\n\r\n");
      await client.receives("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
      await client.closes();
    }
  });
});

describe("listen()", () => {
  describe.each(["tcp first", "unix first"] as const)("of an unchanged script, %s", (order) => {
    const scene = useScene(order);

    it("tells the script the address it is served on", async () => {
      const { serve, tcp, unix } = scene();
      const late = await serve("script-late.cjs");
      const { address } = await late.hears("listening");
      const port = "port" in tcp.target ? tcp.target.port : 0;
      const path = "path" in unix.target ? unix.target.path : "";
      if (order === "tcp first") expect(address).toMatchObject({ address: "127.0.0.1", port });
      else expect(address).toBe(path);
      const fastify = await serve("fastify-script.mjs");
      const told = await fastify.hears("listening");
      expect(told["address"]).toBe(order === "tcp first" ? `http://127.0.0.1:${port}` : path);
    });
  });

  const scene = useScene();

  it("of another address goes to Node unchanged", async () => {
    const { serve, tcp } = scene();
    const worker = await serve("script-metrics.mjs");
    const { port } = await worker.hears("metrics");
    const metrics = { ...tcp, target: { host: "127.0.0.1", port: Number(port) } };
    expect(await fetchOver("http", metrics, "/")).toMatchObject({ body: "metrics" });
    expect(await fetchOver("http", tcp, "/")).toMatchObject({ body: "GET /" });
  });

  it("of an application that is exported and served already binds nothing, and calls back", async () => {
    const { serve } = scene();
    const worker = await serve("export-and-late-listen.cjs");
    worker.say({ say: "listen" });
    await worker.hears("listening"); // port 1 could not be bound
  });
});

describe("a bad entry", () => {
  const scene = useScene();

  it("without a usable default export is named, with what was found and what is accepted", async () => {
    const worker = await scene().create("unusable.mjs");
    await expect(worker.step("boot")).rejects.toMatchObject({
      code: "BROOD_NOTHING_SERVED",
      message: expect.stringMatching(
        /^nothing to serve in \/.*unusable\.mjs: .*exports \{ port, host \}, .*Accepted are a \(req, res\) listener/,
      ),
    });
  });

  it("that throws after its listen fails to boot with its own error", async () => {
    const worker = await scene().create("throws-after-listen.cjs");
    await expect(worker.step("boot")).rejects.toThrow("no database");
  });

  it("that throws later, after its listen, fails to open with its own error", async () => {
    const worker = await scene().create("throws-late.mjs");
    await worker.step("boot");
    await expect(worker.step("open")).rejects.toThrow("no cache either");
  });

  it("that does not exist fails to boot", async () => {
    const worker = await scene().create("missing.mjs");
    await expect(worker.step("boot")).rejects.toThrow(/Cannot find module/);
  });
});
