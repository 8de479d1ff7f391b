// socket.io with its default transports: it begins with polling, each request on whatever connection the client has, and
// the session lives in one worker's memory. Sticky by client address brings all of them there.

import { createRequire } from "node:module";
import { io, type Socket } from "socket.io-client";
import { describe, expect, it, onTestFinished } from "vitest";
import { startBrood, testFolder } from "../support/brood-server.ts";
import { seen } from "../support/look.ts";
import { runtimes } from "../support/spawn.ts";
import { within } from "../support/within.ts";

const SOCKET_IO = createRequire(import.meta.url).resolve("socket.io");
const INDEX = new URL("../../dist/index.js", import.meta.url).href;

const APP = `
import { createServer } from "node:http";
import socketIo from ${JSON.stringify(SOCKET_IO)};
import { worker } from ${JSON.stringify(INDEX)};
const server = createServer();
const sockets = new socketIo.Server(server, { serveClient: false });
sockets.on("connection", (socket) => {
  socket.emit("hello", worker.generation);
  socket.on("ask", (question, answer) => answer("answer to " + question));
});
// Clients come back by themselves when it is the transport that ends.
worker.signal.addEventListener("abort", () => sockets.engine.close());
export default server;`;

const CONFIG = JSON.stringify({ handoff: "connection", balance: "sticky" });
const CLIENTS = 6;

interface Client {
  readonly socket: Socket;
  readonly greetings: number[];
  readonly errors: string[];
}

function connectClient(url: string): Client {
  const greetings: number[] = [];
  const errors: string[] = [];
  // Polling all the way: the hardest case, a new request each time.
  const socket = io(url, {
    transports: ["polling"],
    forceNew: true,
    reconnectionDelay: 10,
    reconnectionDelayMax: 50,
  });
  socket.on("hello", (generation: number) => greetings.push(generation));
  socket.on("connect_error", (error) => errors.push(error.message));
  return { socket, greetings, errors };
}

describe("socket.io with sticky connections", () => {
  it.each(runtimes())("keeps its sessions, and comes back after a restart, runtime %s", async (runtime) => {
    const folder = await testFolder({ "app.mjs": APP, "brood.config.json": CONFIG });
    const args = ["-w", "3", "-l", "127.0.0.1:0", "--min-healthy", "0", "--runtime", runtime];
    const server = await startBrood(folder, ...args);
    const url = (server.addresses[0] ?? "").replace("tcp", "http");
    const clients = Array.from({ length: CLIENTS }, () => connectClient(url));
    onTestFinished(() => {
      for (const { socket } of clients) socket.disconnect();
    });
    const shown = (): string =>
      JSON.stringify(clients.map(({ greetings, errors }) => ({ greetings, errors })));
    const greeted = (generation: number): Promise<void> =>
      seen(() => clients.every(({ greetings }) => greetings.at(-1) === generation));
    await within("a greeting for everybody", greeted(1), shown);
    for (let round = 0; round < 20; round += 1) {
      const answers = await within(
        "answers",
        Promise.all(clients.map(({ socket }) => socket.timeout(5_000).emitWithAck("ask", round))),
        shown,
      );
      expect(new Set(answers)).toEqual(new Set([`answer to ${round}`]));
    }
    expect(clients.flatMap(({ errors }) => errors)).toEqual([]);
    expect(clients.map(({ greetings }) => greetings)).toEqual(Array(CLIENTS).fill([1]));
    expect(await server.command("restart")).toMatchObject({ exitCode: 0 });
    await within("a greeting by new code for everybody", greeted(2), shown);
    expect((await server.stats()).counters).toMatchObject({ crashed: 0, killed: 0 });
  });
});
