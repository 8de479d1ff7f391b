// G68: what is under way on a connection when its worker drains is answered there, and nothing that was read is moved; what
// an application has set goes on in the new worker.

import type { ServeConfig, Server } from "@brood/http-adapter";
import { describe, expect, it } from "vitest";
import { type KeptClient, keepTo } from "../support/kept-client.ts";
import { serving } from "../support/serving.ts";
import { within } from "../support/within.ts";

/** `/slow` takes 2 s; a POST is answered with its length, `/early` before it has come in. */
const appOf = (options = "{}", more = ""): string => `import http from "node:http";
const server = http.createServer(${options}, (request, response) => {
  const { url, socket } = request;
  if (url === "/slow") return void setTimeout(() => response.end("slow"), 2_000);
  if (url === "/port") return void response.end(String(socket.remotePort));
  if (request.method !== "POST") return void response.end(url);
  let length = 0;
  request.on("data", (bytes) => { length += bytes.length; });
  if (url === "/early") response.end("early");
  else request.on("end", () => response.end(String(length)));
});
${more}
export default server;`;

interface Scene {
  readonly server: Server;
  /** Has had one answer. */
  readonly client: KeptClient;
}

async function scene(config: Partial<ServeConfig> = {}, text = appOf()): Promise<Scene> {
  const { server } = await serving([text], {
    workers: 1,
    minHealthyMs: 0,
    exposeGeneration: true,
    // As long as clients were told.
    lingerMs: 60_000,
    ...config,
  });
  const client = await keepTo(server.addresses[0] ?? "");
  expect((await client.ask("/first")).generation).toBe(1);
  return { server, client };
}

/** Resolves when the old worker drains; the roll's result is still to come. */
async function beginRestart(server: Server): Promise<{ readonly roll: ReturnType<Server["restart"]> }> {
  const drains = new Promise<void>((resolve) => server.once("worker:draining", () => resolve()));
  const roll = server.restart();
  await within("the drain", drains, undefined, 30_000);
  return { roll };
}

const isToldToGo = (head: string): boolean => /^connection: close$/im.test(head);

interface UnderWay {
  readonly name: string;
  /** Sent before the drain. */
  readonly before: string;
  /** Sent after it has begun. */
  readonly after: string;
  readonly bodies: readonly string[];
}

const UNDER_WAY: readonly UnderWay[] = [
  { name: "half a head", before: "GET /half HTTP/1.1\r\nHost: te", after: "st\r\n\r\n", bodies: ["/half"] },
  { name: "a slow answer", before: "GET /slow HTTP/1.1\r\nHost: test\r\n\r\n", after: "", bodies: ["slow"] },
  {
    name: "pipelined requests, the last one half",
    before: "GET /slow HTTP/1.1\r\nHost: test\r\n\r\nGET /b HTTP/1.1\r\nHost: test\r\n\r\nGET /c HT",
    after: "TP/1.1\r\nHost: test\r\n\r\n",
    bodies: ["slow", "/b", "/c"],
  },
  {
    name: "a body that comes in",
    before: "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n12345",
    after: "67890",
    bodies: ["10"],
  },
  {
    name: "a body that comes in after its answer",
    before: "POST /early HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n12345",
    after: "67890GET /after HTTP/1.1\r\nHost: test\r\n\r\n",
    bodies: ["early", "/after"],
  },
  {
    name: "a body that waits to be asked for",
    before: "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n",
    after: "body",
    bodies: ["", "4"],
  },
];

function raise(): never {
  throw new Error("one client for each");
}

describe("G68: a connection whose worker drains", () => {
  it("is answered where its request was read, and moves then: half a head, slow answers, pipelined ones, bodies", async () => {
    const { server } = await scene();
    const clients = await Promise.all(UNDER_WAY.map(() => keepTo(server.addresses[0] ?? "")));
    for (const [index, client] of clients.entries()) client.send(UNDER_WAY[index]?.before ?? "");
    await server.freshStats();
    const { roll } = await beginRestart(server);
    // Longer than idle connections were once waited for.
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    const seen = clients.map(async (client, index) => {
      const { name, after, bodies } = UNDER_WAY[index] ?? raise();
      client.send(after);
      const answers = [];
      for (const _ of bodies) answers.push(await client.answer());
      expect([name, ...answers.map(({ body }) => body)]).toEqual([name, ...bodies]);
      expect(answers.filter(({ head }) => isToldToGo(head))).toEqual([]);
    });
    await Promise.all(seen);
    expect(await roll).toMatchObject({ result: "completed", killed: 0, moved: UNDER_WAY.length + 1 });
    for (const client of clients) expect((await client.ask("/next")).generation).toBe(2);
    expect(clients.map(({ ending }) => ending)).toEqual(clients.map(() => null));
  });

  it("has the same client address, and the limit of requests counts on", async () => {
    const { server, client } = await scene({}, appOf("{}", "server.maxRequestsPerSocket = 4;"));
    expect((await client.ask("/port")).body).toBe(String(client.localPort));
    expect((await server.restart()).moved).toBe(1);
    const third = await client.ask("/port");
    expect(third).toMatchObject({ generation: 2, body: String(client.localPort) });
    expect(isToldToGo(third.head)).toBe(false);
    expect(isToldToGo((await client.ask("/last")).head)).toBe(true);
    await client.closes();
  });

  it("is not turned away by maxConnections of the worker it comes to", async () => {
    const { server, client } = await scene({}, appOf("{}", "server.maxConnections = 1;"));
    const { roll } = await beginRestart(server);
    const other = await keepTo(server.addresses[0] ?? "");
    await roll;
    expect((await client.ask("/next")).generation).toBe(2);
    expect(other.ending === null || other.ending === "closed").toBe(true);
  });

  it("is told nothing when it is idle for longer than headersTimeout in its new worker", async () => {
    const options = "{ keepAliveTimeout: 60_000, headersTimeout: 200, connectionsCheckingInterval: 100 }";
    const { server, client } = await scene({}, appOf(options));
    expect((await server.restart()).moved).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect((await client.ask("/kept")).generation).toBe(2);
    // From its first byte on a head has its time, as ever.
    client.send("GET /half");
    expect((await client.answer()).status).toBe(408);
  });

  it("is held while no worker is ready, and what its client has sent meanwhile is answered by the next one", async () => {
    const { server, client } = await scene({ maxSurge: 0, maxUnavailable: 1 });
    const exits = new Promise<void>((resolve) => server.once("worker:exited", () => resolve()));
    const roll = server.restart();
    await within("the old worker's end", exits, undefined, 30_000);
    expect(server.stats().ready).toBe(0);
    expect((await client.ask("/meanwhile")).generation).toBe(2);
    expect(await roll).toMatchObject({ result: "completed", moved: 1 });
  });

  it("moveConnections false: stays for as long as its client was told, and is told to go with its next answer", async () => {
    const text = appOf("{ keepAliveTimeout: 60_000 }");
    const { server, client } = await scene({ moveConnections: false }, text);
    const { roll } = await beginRestart(server);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    const last = await client.ask("/last");
    expect(last.generation).toBe(1);
    expect(isToldToGo(last.head)).toBe(true);
    expect(await roll).toMatchObject({ result: "completed", killed: 0, moved: 0 });
  });

  it("moves when its slot is scaled away; a server that stops waits for nobody", async () => {
    const { server, client } = await scene({ workers: 2 });
    const clients = [
      client,
      ...(await Promise.all(Array.from({ length: 7 }, () => keepTo(server.addresses[0] ?? "")))),
    ];
    for (const each of clients) await each.ask();
    await server.scale(1);
    for (const each of clients) expect((await each.ask()).status).toBe(200);
    expect(server.stats().workers).toHaveLength(1);
    const beganAtMs = performance.now();
    await server.stop();
    expect(performance.now() - beganAtMs).toBeLessThan(4_000);
    await Promise.all(clients.map((each) => each.closes()));
  });
});
