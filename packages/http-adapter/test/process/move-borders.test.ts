// G68: where a kept connection cannot move at once, or not at all. What a worker was sent and has not taken goes to another one
// when it dies; without a descriptor left there, and over TLS, a connection stays where it is for as long as its client was told.

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import tls from "node:tls";
import { nativeSupport } from "@brood/core/native";
import type { Server } from "@brood/http-adapter";
import { describe, expect, it, onTestFinished } from "vitest";
import { KeptClient, keepTo } from "../support/kept-client.ts";
import { seen } from "../support/look.ts";
import { serving } from "../support/serving.ts";
import { within } from "../support/within.ts";

/** What clients are told, in whole seconds. */
const TOLD_MS = 2_000;
/** Nothing but what is tested ends a connection. */
const LONG = { minHealthyMs: 0, exposeGeneration: true, lingerMs: 60_000 } as const;

const appOf = (options: string, module = "http"): string => `import { createServer } from "node:${module}";
export default createServer(${options}, (request, response) => response.end("1"));`;

const portOf = (server: Server): number => Number(new URL(server.addresses[0] ?? "").port);

/** Of the next worker, in the very moment in which it is ready, before anything can reach it. */
function whenReady(server: Server, act: (pid: number) => void): Promise<number> {
  const acted = new Promise<number>((resolve) =>
    server.once("worker:ready", ({ pid }) => {
      act(pid ?? -1);
      resolve(pid ?? -1);
    }),
  );
  return within("a new worker", acted, undefined, 30_000);
}

/** Of so many of the connections to this port, this process (which is the supervisor) has a copy now. */
function heldHere(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const inodes = readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, address, , state]) => address?.endsWith(local) === true && state === "01")
    .map(([, , , , , , , , , inode]) => `socket:[${inode}]`);
  const open = new Set(readdirSync("/proc/self/fd").map(linkOf));
  return inodes.filter((inode) => open.has(inode)).length;
}

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return "";
  }
}

describe.skipIf(!nativeSupport().ok)(
  "G68: a worker that dies with kept connections on their way to it",
  () => {
    const CLIENTS = 6;

    async function scene(): Promise<{ readonly server: Server; readonly clients: readonly KeptClient[] }> {
      const { server } = await serving([appOf("{ keepAliveTimeout: 60_000 }")], { ...LONG, workers: 1 });
      const clients = await Promise.all(
        Array.from({ length: CLIENTS }, () => keepTo(server.addresses[0] ?? "")),
      );
      for (const client of clients) expect((await client.ask()).generation).toBe(1);
      return { server, clients };
    }

    async function expectAnswers(clients: readonly KeptClient[]): Promise<void> {
      for (const client of clients) expect((await client.answer()).status).toBe(200);
      for (const client of clients) expect((await client.ask()).generation).toBe(2);
      expect(clients.map(({ ending }) => ending)).toEqual(clients.map(() => null));
    }

    it("frozen, then killed: they go to the next one, with what clients have sent meanwhile", async () => {
      const { server, clients } = await scene();
      const frozen = whenReady(server, (pid) => process.kill(pid, "SIGSTOP"));
      const roll = server.restart();
      const pid = await frozen;
      onTestFinished(() => killIfThere(pid));
      await within(
        "connections on their way",
        seen(() => heldHere(portOf(server)) === CLIENTS),
      );
      for (const client of clients) client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
      process.kill(pid, "SIGKILL");
      await expectAnswers(clients);
      await roll;
      expect(server.stats().counters).toMatchObject({ killed: 0, moved: CLIENTS });
    });

    it("killed as soon as it is ready: none is lost", async () => {
      const { server, clients } = await scene();
      const killed = whenReady(server, (pid) => process.kill(pid, "SIGKILL"));
      const roll = server.restart();
      await killed;
      for (const client of clients) client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
      await roll;
      await expectAnswers(clients);
    });
  },
);

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has gone.
  }
}

describe("G68: a kept connection that cannot move", () => {
  it("over TLS: is open for as long as its client was told, and told to go with an answer meanwhile", async () => {
    const pem = (name: string): string =>
      JSON.stringify(readFileSync(new URL(`../fixtures/tls/${name}.pem`, import.meta.url), "utf8"));
    const options = `{ key: ${pem("key")}, cert: ${pem("cert")}, keepAliveTimeout: ${TOLD_MS} }`;
    const { server } = await serving([appOf(options, "https")], { ...LONG, workers: 1 });
    const [asks, idle] = [await keepToTls(server), await keepToTls(server)];
    await asks.ask();
    const { head } = await idle.ask();
    const answeredAtMs = performance.now();
    expect(head).toContain(`Keep-Alive: timeout=${TOLD_MS / 1_000}`);
    const draining = new Promise<void>((resolve) => server.once("worker:draining", () => resolve()));
    const roll = server.restart();
    await within("the drain", draining, undefined, 30_000);
    // Nobody closes it before its client does as it was told.
    const last = await asks.ask();
    expect(last).toMatchObject({ status: 200, generation: 1 });
    expect(last.head).toMatch(/^connection: close$/im);
    await asks.closes();
    expect(idle.ending).toBe(null);
    await idle.closes();
    expect(performance.now() - answeredAtMs).toBeGreaterThan(TOLD_MS);
    expect(await roll).toMatchObject({ result: "completed", killed: 0, moved: 0 });
  });

  it.skipIf(!nativeSupport().ok)(
    "since no new worker may open a descriptor more: is answered by the old one, for as long as its client was told",
    async () => {
      const options = `{ keepAliveTimeout: ${TOLD_MS} }`;
      const warnings: string[] = [];
      const [warn, silent] = [(message: string) => void warnings.push(message), () => {}];
      const logger = { debug: silent, info: silent, warn, error: warn };
      const { server } = await serving([appOf(options)], { ...LONG, workers: 1, logger });
      const client = await keepTo(server.addresses[0] ?? "");
      await client.ask();
      const full = whenReady(server, (pid) =>
        execFileSync("prlimit", ["--pid", String(pid), "--nofile=3:"], { stdio: "pipe" }),
      );
      const draining = new Promise<void>((resolve) => server.once("worker:draining", () => resolve()));
      const roll = server.restart();
      await full;
      await within("the drain", draining, undefined, 30_000);
      await within(
        "its refusal",
        seen(() => warnings.includes("a worker may open no more descriptors")),
      );
      expect((await client.ask()).generation).toBe(1);
      const answeredAtMs = performance.now();
      await client.closes();
      expect(performance.now() - answeredAtMs).toBeGreaterThan(TOLD_MS);
      expect(await roll).toMatchObject({ result: "completed", killed: 0, moved: 0 });
    },
  );
});

async function keepToTls(server: Server): Promise<KeptClient> {
  const socket = tls.connect({ port: portOf(server), host: "127.0.0.1", rejectUnauthorized: false });
  onTestFinished(() => void socket.destroy());
  await within("connected", once(socket, "secureConnect"));
  return new KeptClient(socket);
}
