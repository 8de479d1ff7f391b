// What a program listens on, unchanged, with the command as a user runs it: fresh processes, forked ones and threads, two workers,
// through a restart, a killed worker and a stop. Plain Node and node:cluster are the measure.

import dgram from "node:dgram";
import { once } from "node:events";
import net from "node:net";
import { join } from "node:path";
import type { ServiceStats } from "@brood/core";
import { versionProbe } from "@brood/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { type BroodServer, brood, startBroodIn, testFolder } from "../support/brood-server.ts";
import { seen } from "../support/look.ts";
import { rowsOf } from "../support/spawn.ts";
import { within } from "../support/within.ts";

type Row = readonly [name: string, ...args: string[]];

const ALL: readonly Row[] = [
  ["fresh processes"],
  ["forked processes", "--spawn", "template"],
  ["threads", "--runtime", "thread"],
];
const ROWS = rowsOf(ALL, ([name]) => name !== "threads", "threads");
const FRESH = ["--spawn", "fresh"];

/** Two free ports, which nobody else is likely to take meanwhile. */
async function freePorts(): Promise<readonly [number, number]> {
  const servers = [net.createServer(), net.createServer()].map((each) => each.listen(0, "127.0.0.1"));
  await Promise.all(servers.map((each) => once(each, "listening")));
  const [first = 0, second = 0] = servers.map((each) => (each.address() as net.AddressInfo).port);
  await Promise.all(servers.map((each) => once(each.close(), "close")));
  return [first, second];
}

async function start(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
  ...args: readonly string[]
): Promise<BroodServer> {
  const folder = await testFolder({ "server.cjs": text });
  const place = { folder, cwd: folder, env: { PORT: undefined, ...env } };
  return startBroodIn(place, "server.cjs", "-w", "2", "--min-healthy", "0", ...args);
}

async function ask(port: number, path = "/"): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: "close" } });
  return answer.text();
}

async function listeners(server: BroodServer): Promise<ServiceStats["listeners"]> {
  return (await server.stats()).listeners;
}

async function restarted(server: BroodServer): Promise<void> {
  const { exitCode, stderr } = await server.command("restart");
  expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
}

/** Metrics first, and the public server only then; and a UDP socket. */
const SEVERAL = `
const http = require("node:http");
http.createServer((q, s) => s.end("PRIVATE " + process.pid)).listen(Number(process.env.METRICS), "127.0.0.1", () => {
  setTimeout(() => http.createServer((q, s) => s.end("app")).listen(process.env.PORT, "127.0.0.1"), 50);
});
if (process.env.UDP) {
  const udp = require("node:dgram").createSocket("udp4");
  udp.on("message", (message, { port, address }) => udp.send("pong", port, address));
  udp.bind(Number(process.env.UDP), "127.0.0.1");
}`;

describe.each(ROWS)("a program with several listeners: %s", (_, ...how) => {
  it("serves its public one, and shares the others through a restart and the death of a worker", async () => {
    const [port, metrics] = await freePorts();
    const isTemplate = how.includes("template");
    const env = { METRICS: String(metrics), ...(!isTemplate && { UDP: String(metrics) }) };
    const server = await start(SEVERAL, env, "-l", `127.0.0.1:${port}`, ...how);
    const probes = await Promise.all(
      [port, metrics].map((each) =>
        versionProbe({
          target: `http://127.0.0.1:${each}`,
          clients: 1,
          newConnections: true,
          pauseMs: 5,
          versionOf: ({ body }) => body.split(" ")[0] ?? "",
        }),
      ),
    );
    await restarted(server);
    const reports = await Promise.all(probes.map((each) => each.stop()));
    expect(reports.map(({ errorsByKind, byVersion }) => [errorsByKind, Object.keys(byVersion)])).toEqual([
      [{}, ["app"]],
      [{}, ["PRIVATE"]],
    ]);
    if (!isTemplate) expect(await pong(metrics)).toBe("pong");
    const { workers } = await server.stats();
    const [killed] = workers;
    if (!how.includes("thread")) {
      process.kill(killed?.pid ?? 0, "SIGKILL");
      const isBack = async (): Promise<boolean> => {
        const { ready, counters } = await server.stats();
        return ready === 2 && counters.crashed === 1;
      };
      await within("the successor", seen(isBack));
    }
    expect(await ask(metrics)).toMatch(/^PRIVATE/);
    const shared = { address: `tcp://127.0.0.1:${metrics}`, kind: "shared", workers: 2 };
    expect(await listeners(server)).toEqual(
      expect.arrayContaining([{ address: `tcp://127.0.0.1:${port}`, kind: "public", workers: 2 }, shared]),
    );
    expect((await server.command("status")).stdout).toContain(`tcp://127.0.0.1:${metrics}`);
  });
});

/** Looks for a free port, closes, and listens there; opens its server again on /cycle, closes it for good on /fatal. */
const MOVES = `
const http = require("node:http");
const net = require("node:net");
const probe = net.createServer().listen(0, "127.0.0.1", () => {
  const { port } = probe.address();
  probe.close(() => serve(Number(process.env.PORT) || port));
});
function serve(port) {
  const server = http.createServer((request, response) => {
    response.setHeader("connection", "close");
    response.end(String(process.pid));
    if (request.url === "/cycle") server.close(() => server.listen(port));
    if (request.url === "/fatal") server.close();
  });
  server.listen(port, "127.0.0.1");
}`;

const HANDOFFS = rowsOf(
  [
    ["listener", ["--handoff", "listener"]],
    ["connection", ["--handoff", "connection"]],
    ["reuseport", ["--handoff", "reuseport"]],
    ["connection, template", ["--handoff", "connection", "--spawn", "template"]],
    ["listener, threads", ["--runtime", "thread"]],
  ] as const,
  ([name]) => name === "connection",
  "listener; reuseport; forked processes; threads",
);

describe.each(HANDOFFS)("a server that is closed, handoff %s", (_, how) => {
  it("is let go before it opens, opened again, and replaced when it is closed for good", async () => {
    const [port] = await freePorts();
    const server = await start(MOVES, {}, "-l", `127.0.0.1:${port}`, ...how);
    for (let turn = 0; turn < 4; turn += 1) expect(await ask(port, "/cycle")).toMatch(/^\d+$/);
    expect((await server.stats()).counters).toMatchObject({ exited: 0, crashed: 0 });
    await ask(port, "/fatal");
    const isReplaced = async (): Promise<boolean> => {
      const { ready, counters } = await server.stats();
      return ready === 2 && counters.exited === 1;
    };
    const asking = (async () => {
      for (let turn = 0; turn < 6; turn += 1) await ask(port);
    })();
    await within("the replacement", seen(isReplaced));
    await within("answers meanwhile", asking);
    expect((await server.stats()).counters).toMatchObject({ crashed: 0, killed: 0 });
  });
});

describe("without --listen", () => {
  it("a service on a loopback address stays there, and a new release may listen elsewhere", async () => {
    const [port, next] = await freePorts();
    const text = (each: number): string =>
      `require("node:http").createServer((q, s) => s.end("${each}")).listen(${each}, "127.0.0.1");`;
    const server = await start(text(port), {}, ...FRESH);
    expect(server.addresses).toEqual([`tcp://127.0.0.1:${port}`]);
    expect(await ask(port)).toBe(String(port));
    const { promises: fs } = await import("node:fs");
    await fs.writeFile(join(server.pidfile, "../server.cjs"), text(next));
    await restarted(server);
    expect(await ask(next)).toBe(String(next));
    const isClosed = async (): Promise<boolean> =>
      (await listeners(server))?.every(({ address }) => address !== `tcp://127.0.0.1:${port}`) === true;
    await within("the end of the old address", seen(isClosed));
    expect(await listeners(server)).toEqual([
      { address: `tcp://127.0.0.1:${next}`, kind: "public", workers: 2 },
    ]);
  });

  it("all workers get one free port, and an app that is exported and listens later is ready then", async () => {
    const server = await start(MOVES, {}, ...FRESH);
    const port = Number(/:(\d+)$/.exec(server.addresses[0] ?? "")?.[1]);
    expect(server.addresses).toHaveLength(1);
    expect(await ask(port)).toMatch(/^\d+$/);
    const later = await start(
      `const http = require("node:http");
      let database = "none";
      module.exports = (request, response) => response.end(database);
      setTimeout(() => {
        database = "there";
        http.createServer(module.exports).listen(process.env.PORT, "127.0.0.1");
      }, 400);`,
      { PORT: String((await freePorts())[0]) },
      ...FRESH,
    );
    const target = `http://${later.addresses[0]?.replace("tcp://", "")}`;
    const versionOf = ({ body }: { readonly body: string }): string => body;
    const probe = await versionProbe({ target, clients: 1, newConnections: true, pauseMs: 5, versionOf });
    await restarted(later);
    const { errorsByKind, byVersion } = await probe.stop();
    expect([errorsByKind, Object.keys(byVersion)]).toEqual([{}, ["there"]]);
  });
});

describe("what cannot be shared", () => {
  it.each([
    ["exclusive: true", `server.listen({ port: 24999, exclusive: true })`, 'leave "exclusive" out'],
    ["a descriptor of its own", `server.listen({ fd: 77 })`, "--listen fd:77"],
  ])("%s is refused at the first boot, by name", async (_, listen, advice) => {
    const folder = await testFolder({
      "server.cjs": `const http = require("node:http");
      http.createServer((q, s) => s.end("app")).listen(process.env.PORT, "127.0.0.1");
      const server = http.createServer();
      ${listen};`,
    });
    const args = ["-w", "2", "-l", "127.0.0.1:0", "--control", "c.sock", ...FRESH];
    const end = await brood(["server.cjs", ...args], folder);
    expect(end.exitCode).toBe(1);
    expect(end.stderr).toContain(advice);
  });
});

function pong(port: number): Promise<string> {
  const socket = dgram.createSocket("udp4");
  onTestFinished(() => void socket.close());
  const answered = once(socket, "message").then(([message]) => String(message));
  socket.send("ping", port, "127.0.0.1");
  return within("the answer by UDP", answered);
}
