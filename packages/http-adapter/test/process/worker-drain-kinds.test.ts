// What draining adds for one kind of server: Fastify answers 503 while it closes, TLS wraps the socket, http2 has
// sessions instead of idle connections.

import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { beginDrain, FOR_EVER_MS } from "../support/drain.ts";
import { connectHttp2, streamOver } from "../support/fetch-over.ts";
import { useScene } from "../support/scene.ts";

const scene = useScene();

describe("a draining worker with Fastify", () => {
  it("never answers 503, and closes the application last", async () => {
    const { serve, connect, tcp } = scene();
    const worker = await serve("drain-fastify.mjs", { lingerMs: FOR_EVER_MS });
    const [slow, idle, fresh] = [await connect(tcp), await connect(tcp), await connect(tcp)];
    slow.get("/held");
    idle.get("/first");
    await idle.receives("answered /first");
    await worker.hears("held");
    await worker.reports("connections", 3);
    const drain = await beginDrain(worker);
    for (const client of [idle, fresh]) {
      client.get("/late");
      const answer = await client.receives("answered /late");
      expect(answer).toContain("HTTP/1.1 200 OK");
      expect(answer).toMatch(/^connection: close\r$/m);
      await client.closes();
    }
    worker.say({ say: "release" });
    expect(await slow.receives("answered /held")).toContain("HTTP/1.1 200 OK");
    await drain.ended;
    expect(worker.told.map((each) => each.told)).toEqual(["held"]);
    await worker.step("close");
    await worker.hears("fastify close");
  });
});

describe("a draining worker with TLS", () => {
  it("closes idle connections in good order", async () => {
    const { serve, later, tcp } = scene();
    const worker = await serve("http2-secure.mjs", { lingerMs: 50 });
    const session = connectHttp2("h2", tcp.target);
    later(() => session.destroy());
    expect(await streamOver(session, "/a")).toMatchObject({ body: "GET /a" });
    await worker.step("drain");
    expect(await worker.step("usage")).toMatchObject({ connections: 0 });
  });
});

describe("a draining worker with http2", () => {
  it("finishes open streams, tells the client to go, and closes the session", async () => {
    const { serve, later, tcp } = scene();
    const worker = await serve("drain-http2.mjs");
    const session = connectHttp2("h2c", tcp.target);
    later(() => session.destroy());
    const held = streamOver(session, "/held");
    await worker.hears("held");
    const goaway = once(session, "goaway");
    const drain = await beginDrain(worker);
    expect((await goaway)[0]).toBe(0);
    worker.say({ say: "release" });
    expect(await held).toMatchObject({ status: 200, body: "answered /held" });
    await drain.ended;
  });

  it("answers the next stream of an idle session, and says GOAWAY before the answer", async () => {
    const { serve, later, unix } = scene();
    const worker = await serve("drain-http2.mjs", { lingerMs: 5_000 });
    const session = connectHttp2("h2c", unix.target);
    later(() => session.destroy());
    await streamOver(session, "/first");
    const drain = await beginDrain(worker);
    expect(await streamOver(session, "/next")).toMatchObject({ body: "answered /next" });
    expect(session.closed).toBe(true);
    await drain.ended;
  });

  it("closes an idle session after the linger, also of a client that does not hang up", async () => {
    const { serve, later, connect, tcp } = scene();
    const worker = await serve("drain-http2.mjs", { lingerMs: 50 });
    const session = connectHttp2("h2c", tcp.target);
    later(() => session.destroy());
    await streamOver(session, "/first");
    const deaf = await connect(tcp);
    deaf.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    await worker.reports("connections", 2);
    await worker.step("drain");
  });
});
