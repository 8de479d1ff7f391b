// handoff "connection": what is held and what is refused, who gets a connection, and that applications see no difference.

import { once } from "node:events";
import { promises as fs } from "node:fs";
import http from "node:http";
import net from "node:net";
import { join } from "node:path";
import tls from "node:tls";
import { fileURLToPath } from "node:url";
import { nativeSupport } from "@brood/core/native";
import { type Server, serve } from "@brood/http-adapter";
import { faultInjector } from "@brood/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { testFolder } from "../support/brood-server.ts";
import { fetchOver } from "../support/fetch-over.ts";
import { seen as look } from "../support/look.ts";
import { SPAWN } from "../support/spawn.ts";
import { within } from "../support/within.ts";

/** Answers with its slot. Boots at once while there is no file "wait", be it loaded for each worker or forked. */
const APP = `import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { worker } from "@brood/http-adapter";
export async function onWorkerBoot() {
  while (existsSync(new URL("./wait", import.meta.url))) await new Promise((resolve) => setTimeout(resolve, 10));
}
await onWorkerBoot();
const server = createServer((request, response) => {
  if (request.url === "/destroy") return request.socket.destroy();
  if (request.url === "/slow") return setTimeout(() => response.end("slow"), 300);
  const { remoteAddress } = request.socket;
  response.end(JSON.stringify({ slot: worker.slot, pid: process.pid, remoteAddress, address: server.address() }));
});
server.listen(4711, () => console.log("listening", server.listening));
`;

interface Answer {
  readonly slot: number;
  readonly pid: number;
  readonly remoteAddress: string;
  readonly address: unknown;
}

type Config = Parameters<typeof serve>[0];

async function start(
  config: Partial<Config> = {},
): Promise<{ readonly server: Server; readonly folder: string }> {
  const link = fileURLToPath(new URL("../../node_modules", import.meta.url));
  const folder = await testFolder({ "app.mjs": APP });
  await fs.mkdir(join(folder, "node_modules/@brood"), { recursive: true });
  await fs.symlink(join(link, ".."), join(folder, "node_modules/@brood/http-adapter"));
  const where = { entry: "app.mjs", cwd: folder, listen: "127.0.0.1:0" };
  const base: Config = { ...where, spawn: SPAWN, workers: 2, minHealthyMs: 0 };
  const server = await serve({ ...base, handoff: "connection", ...config });
  onTestFinished(() => server.stop({ now: true }));
  return { server, folder };
}

const portOf = (server: Server): number => Number(new URL(server.addresses[0] ?? "").port);

interface Reply {
  readonly status: number | undefined;
  readonly body: string;
}

function get(server: Server, options: http.RequestOptions = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asked = http.get(
      { host: "127.0.0.1", port: portOf(server), agent: false, ...options },
      (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => {
          body += text;
        });
        response.on("end", () => resolve({ status: response.statusCode, body }));
      },
    );
    asked.on("error", reject);
  });
}

const ask = async (server: Server, options: http.RequestOptions = {}): Promise<Answer> =>
  JSON.parse((await within("an answer", get(server, options))).body);

/** Nobody is ready from now on, until `folder/wait` is removed. */
async function leaveNobody({
  server,
  folder,
}: {
  readonly server: Server;
  readonly folder: string;
}): Promise<void> {
  await fs.writeFile(join(folder, "wait"), "");
  for (const { pid } of server.stats().workers) {
    const exited = new Promise((resolve) => server.once("worker:exited", resolve));
    process.kill(pid ?? -1, "SIGKILL");
    await within("the worker's end", exited);
  }
}

describe("while no worker is ready", () => {
  it("connections are held, and answered by whoever is ready first", async () => {
    const scene = await start({ workers: 1 });
    await leaveNobody(scene);
    const replies = Array.from({ length: 20 }, () => get(scene.server));
    await connectionsHeld(scene.server);
    await fs.rm(join(scene.folder, "wait"));
    const answers = await within("answers", Promise.all(replies), undefined, 20_000);
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
  });

  it("who waits too long gets a 503, who is too much at once, no HTTP a 400, TLS an end", async () => {
    const scene = await start({ workers: 1, holdTimeoutMs: 400, maxHeld: 3, lingerMs: 0 });
    await leaveNobody(scene);
    const replies = await Promise.all(Array.from({ length: 5 }, () => get(scene.server)));
    expect(replies.map(({ status }) => status)).toEqual(Array(5).fill(503));
    expect(replies[0]?.body).toBe("Service Unavailable (BROOD_UNAVAILABLE)\n");

    const garbage = net.connect(portOf(scene.server), "127.0.0.1");
    garbage.write("no http at all\r\n\r\n");
    const [bytes] = (await within("an answer", once(garbage, "data"))) as [Buffer];
    expect(bytes.toString()).toMatch(/^HTTP\/1\.1 400 /);
    garbage.destroy();

    const secure = tls.connect({ port: portOf(scene.server), host: "127.0.0.1", rejectUnauthorized: false });
    const [error] = (await within("the end", once(secure, "error"))) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ECONNRESET");
    await fs.rm(join(scene.folder, "wait"));
  });

  it("onError answers instead, and what it throws costs nobody else", async () => {
    const errors: string[] = [];
    const scene = await start({
      workers: 1,
      holdTimeoutMs: 50,
      onError: (error, request, response) => {
        errors.push(`${error.code} ${request.url}`);
        if (request.url === "/throws") throw new Error("in onError");
        response.writeHead(503, { "retry-after": "7" }).end("come back");
      },
    });
    await leaveNobody(scene);
    expect(await get(scene.server, { path: "/a" })).toEqual({ status: 503, body: "come back" });
    expect(await get(scene.server, { path: "/throws" })).toMatchObject({ status: 503 });
    expect(errors).toEqual(["BROOD_UNAVAILABLE /a", "BROOD_UNAVAILABLE /throws"]);
    await fs.rm(join(scene.folder, "wait"));
  });

  it("a server that stops answers those who wait", async () => {
    const scene = await start({ workers: 1 });
    await leaveNobody(scene);
    const reply = get(scene.server);
    await connectionsHeld(scene.server);
    await scene.server.stop({ now: true });
    const outcome = await within(
      "an end",
      reply.catch((error: Error) => error.message),
    );
    expect(outcome).toMatchObject({ status: 503 });
  });
});

/** Connected after the others: they are in the kernel's queue or with the supervisor. */
async function connectionsHeld(server: Server): Promise<void> {
  const last = net.connect(portOf(server), "127.0.0.1");
  await within("held connections", once(last, "connect"));
  last.destroy();
}

describe("balance", () => {
  it("least-connections: idle connections are spread evenly", async () => {
    const { server } = await start({ workers: 4 });
    const agent = new http.Agent({ keepAlive: true, maxSockets: 40 });
    onTestFinished(() => agent.destroy());
    await Promise.all(Array.from({ length: 40 }, () => ask(server, { agent })));
    const { workers } = await server.freshStats();
    expect(workers.map(({ connections }) => connections)).toEqual([10, 10, 10, 10]);
  });

  it("sticky: a client address stays with its slot, over a restart too", async () => {
    const { server } = await start({ workers: 3, balance: "sticky" });
    const clients = Array.from({ length: 12 }, (_, index) => `127.0.0.${index + 2}`);
    const slotsOf = async (): Promise<number[]> =>
      Promise.all(clients.map(async (localAddress) => (await ask(server, { localAddress })).slot));
    const slots = await slotsOf();
    expect(new Set(slots).size).toBe(3);
    expect(await slotsOf()).toEqual(slots);
    expect(await server.restart()).toMatchObject({ result: "completed" });
    expect(await slotsOf()).toEqual(slots);
  });

  it("sticky by first bytes: the function sees them, the application gets them; a client without a key goes anywhere", async () => {
    const seen: string[] = [];
    const { server } = await start({
      workers: 3,
      balance: (bytes) => {
        const [line = ""] = bytes.toString("latin1").split("\r\n");
        seen.push(line);
        if (line.includes("/throws")) throw new Error("no key");
        return /session=(\w+)/.exec(line)?.[1];
      },
    });
    const slotOf = async (session: string): Promise<number> =>
      (await ask(server, { path: `/?session=${session}` })).slot;
    const sessions = ["ada", "grace", "edsger", "barbara", "tony", "leslie"];
    const slots = await Promise.all(sessions.map(slotOf));
    expect(await Promise.all(sessions.map(slotOf))).toEqual(slots);
    expect(new Set(slots).size).toBeGreaterThan(1);
    expect(seen).toContain("GET /?session=ada HTTP/1.1");
    expect((await get(server, { path: "/throws" })).status).toBe(200);
    expect((await get(server, { path: "/none" })).status).toBe(200);
  });
});

describe.skipIf(!nativeSupport().ok)("a worker that can open no more descriptors", () => {
  it("lives on: another answers what it could not take, and it serves when there are some again", async () => {
    const { server } = await start({ workers: 2, balance: "round-robin" });
    await using inject = faultInjector(server);
    const { pid } = server.stats().workers[0] ?? {};
    const shortage = await inject.exhaustDescriptors(0);
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(server)));
    expect(answers.filter((answer) => answer.pid === pid)).toEqual([]);
    shortage.release();
    const served = look(async () => (await ask(server)).pid === pid);
    await within("an answer of the worker that was full", served);
    expect(server.stats().counters).toMatchObject({ spawned: 2, exited: 0 });
  });
});

describe("applications", () => {
  it("see a server that listens, and their clients' addresses", async () => {
    const { server } = await start();
    const answer = await ask(server, { localAddress: "127.0.0.9" });
    expect(answer.remoteAddress).toBe("127.0.0.9");
    expect(answer.address).toEqual({ address: "127.0.0.1", family: "IPv4", port: portOf(server) });
  });

  it("that end a connection without a word end it for the client, though nothing else happens", async () => {
    const { server } = await start({ workers: 1 });
    const ended = get(server, { path: "/destroy" }).catch((error: Error) => error.message);
    expect(await within("the end", ended)).toBe("socket hang up");
  });

  it("finish what they have begun when they are replaced", async () => {
    const { server } = await start({ workers: 1 });
    const reply = get(server, { path: "/slow" });
    const { pid } = await ask(server);
    expect(await server.restart()).toMatchObject({ result: "completed", killed: 0 });
    expect(await within("the slow answer", reply)).toEqual({ status: 200, body: "slow" });
    expect((await ask(server)).pid).not.toBe(pid);
  });

  it.each([
    ["express.mjs", "http"],
    ["fastify.mjs", "http"],
    ["fetch.mjs", "http"],
    ["script-late.cjs", "http"],
    ["https-server.mjs", "https"],
    ["http2-server.mjs", "h2c"],
    ["http2-secure.mjs", "h2"],
  ] as const)("%s is served over TCP and a unix socket", async (app, protocol) => {
    const entry = fileURLToPath(new URL(`../fixtures/apps/${app}`, import.meta.url));
    const { server, folder } = await start({ entry, listen: ["127.0.0.1:0", "unix:app.sock"] });
    for (const target of [{ host: "127.0.0.1", port: portOf(server) }, { path: join(folder, "app.sock") }]) {
      expect((await within("an answer", fetchOver(protocol, { target }, "/x"))).status).toBe(200);
    }
  });
});
