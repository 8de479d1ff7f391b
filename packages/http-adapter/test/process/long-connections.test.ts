// Connections that never end by themselves, through a restart: WebSockets (ws) and server-sent events. The application
// says goodbye when its worker begins to drain, clients come back, and meet new code only.

import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { createRequire } from "node:module";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { startBrood, testFolder } from "../support/brood-server.ts";
import { seen } from "../support/look.ts";
import { within } from "../support/within.ts";
import { ROWS } from "../support/worker-rows.ts";

const WS = createRequire(import.meta.url).resolve("ws");
const INDEX = new URL("../../dist/index.js", import.meta.url).href;

const APP = `
import { createServer } from "node:http";
import ws from ${JSON.stringify(WS)};
import { worker } from ${JSON.stringify(INDEX)};
const streams = new Set();
const server = createServer((request, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write("data: gen " + worker.generation + "\\n\\n");
  // Accepted before the drain, asked for after it began.
  if (worker.signal.aborted) return response.end("data: restart\\n\\n");
  streams.add(response);
  response.on("close", () => streams.delete(response));
});
const sockets = new ws.WebSocketServer({ server });
sockets.on("connection", (socket) => {
  socket.send("gen " + worker.generation);
  if (worker.signal.aborted) return socket.close(1012, "restart");
  socket.on("message", (data) => socket.send("echo " + data));
});
worker.signal.addEventListener("abort", () => {
  for (const socket of sockets.clients) socket.close(1012, "restart");
  for (const stream of streams) stream.end("data: restart\\n\\n");
});
export default server;`;

const CLIENTS = 12;
/** A client that talks without a pause takes the core from the server that is to be restarted. */
const PAUSE_MS = 10;

/** Comes back whenever it was told to, and remembers everything else that happened to it. */
interface LongClient {
  /** What each connection was greeted with. */
  readonly greetings: string[];
  readonly errors: string[];
  readonly echoes: () => number;
  end(): void;
}

function webSocketClient(url: string): LongClient {
  const greetings: string[] = [];
  const errors: string[] = [];
  let echoes = 0;
  let hasEnded = false;
  let socket: WebSocket;
  const connect = (): void => {
    const own = new WebSocket(url);
    socket = own;
    const talk = (): void => {
      if (own.readyState === WebSocket.OPEN) own.send("hello");
    };
    socket.on("error", (error) => errors.push(error.message));
    socket.on("message", (data) => {
      const text = String(data);
      if (text.startsWith("gen")) greetings.push(text);
      else if (text === "echo hello") echoes += 1;
      else errors.push(text);
      setTimeout(talk, PAUSE_MS);
    });
    socket.on("close", (code) => {
      if (hasEnded) return;
      if (code !== 1012) errors.push(`closed with ${code}`);
      connect();
    });
  };
  connect();
  const end = (): void => {
    hasEnded = true;
    socket.terminate();
  };
  return { greetings, errors, echoes: () => echoes, end };
}

function eventClient(url: string): LongClient {
  const greetings: string[] = [];
  const errors: string[] = [];
  let hasEnded = false;
  let asked: ClientRequest | null = null;
  const connect = async (): Promise<void> => {
    asked = request(url, { agent: false }).end();
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    let last = "nothing";
    for await (const chunk of response.setEncoding("utf8")) {
      for (const event of String(chunk).trim().split("\n\n")) {
        last = event.replace("data: ", "");
        if (last.startsWith("gen")) greetings.push(last);
      }
    }
    if (last !== "restart") errors.push(`ended after ${last}`);
  };
  const run = async (): Promise<void> => {
    while (!hasEnded) {
      await connect().catch((error: Error) => {
        if (!hasEnded) errors.push(error.message);
      });
    }
  };
  void run();
  const end = (): void => {
    hasEnded = true;
    asked?.destroy();
  };
  return { greetings, errors, echoes: () => Number.POSITIVE_INFINITY, end };
}

const KINDS = [
  ["WebSocket", "ws", webSocketClient],
  ["server-sent events", "http", eventClient],
] as const;

describe.each(ROWS)("with %s", (_, options) => {
  it.each(KINDS)(
    "%s: every client is told, comes back and finds new code; nobody is cut off",
    async (_, scheme, open) => {
      const folder = await testFolder({ "app.mjs": APP });
      const common = ["-w", "3", "-l", "127.0.0.1:0", "--min-healthy", "0", "--drain-timeout", "10000"];
      const server = await startBrood(folder, ...common, ...options);
      const url = (server.addresses[0] ?? "").replace("tcp", scheme);
      const clients = Array.from({ length: CLIENTS }, () => open(url));
      onTestFinished(() => {
        for (const client of clients) client.end();
      });
      const errors = (): readonly string[] => clients.flatMap((client) => client.errors);
      const reached = (greeting: string): Promise<void> =>
        within(
          `${greeting} for everybody`,
          seen(() => clients.every((client) => client.greetings.at(-1) === greeting && client.echoes() > 10)),
          () => JSON.stringify({ errors: errors(), greetings: clients.map((client) => client.greetings) }),
        );
      await reached("gen 1");
      expect(await server.command("restart")).toMatchObject({ exitCode: 0 });
      await reached("gen 2");
      expect(errors()).toEqual([]);
      expect((await server.stats()).counters).toMatchObject({ crashed: 0, killed: 0 });
    },
  );
});
