// `server: {...}` as clients see it: how long a connection is kept, what a slow or large head is answered, and how many
// connections may wait. For servers that Brood makes, and for those that applications made themselves.

import { readdirSync, readlinkSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { nativeSupport } from "@brood/core/native";
import { type ServeConfig, type Server, serve } from "@brood/http-adapter";
import { describe, expect, it, onTestFinished } from "vitest";
import { brood, testFolder } from "../support/brood-server.ts";
import { rowsOf, SPAWN } from "../support/spawn.ts";
import { within } from "../support/within.ts";

const APPS = {
  listener: `export default (request, response) => response.end("here");`,
  fetch: `export default { fetch: () => new Response("here") };`,
  "own server": `import { createServer } from "node:http";
const server = createServer({ keepAliveTimeout: 7_000 }, (request, response) => response.end("here"));
export default server;`,
  script: `require("node:http").createServer((request, response) => response.end("here")).listen(3000);`,
} as const;

type App = keyof typeof APPS;
const ROWS = rowsOf(
  Object.keys(APPS) as App[],
  (app) => app === "listener" || app === "script",
  "server options of fetch objects and of exported servers",
);

async function serving(app: App, config: Partial<ServeConfig> = {}): Promise<Server> {
  const name = app === "script" ? "app.cjs" : "app.mjs";
  const folder = await testFolder({ [name]: APPS[app] });
  const server = await serve({
    entry: join(folder, name),
    workers: 1,
    minHealthyMs: 0,
    spawn: SPAWN,
    listen: "127.0.0.1:0",
    compileCache: false,
    ...config,
  });
  onTestFinished(() => server.stop({ now: true }));
  return server;
}

/** What the server says to these bytes, until it closes or `isEnough`. */
async function exchange(server: Server, bytes: string, isEnough = (_: string) => false): Promise<string> {
  const socket = net.connect(Number(server.addresses[0]?.split(":").at(-1)), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined).write(bytes);
  let text = "";
  const ended = new Promise<void>((resolve) => {
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      text += chunk;
      if (isEnough(text)) resolve();
    });
    socket.once("close", () => resolve());
  });
  await within("an answer", ended, () => text);
  return text;
}

const GET = "GET / HTTP/1.1\r\nHost: brood\r\n\r\n";
const isAnswered = (text: string): boolean => text.includes("here");

describe("server options", () => {
  it.each(ROWS)("reach a %s: keep-alive, a slow head, a large head", async (app) => {
    const server = await serving(app, {
      server: { keepAliveTimeoutMs: 65_000, headersTimeoutMs: 300, maxHeaderSizeBytes: 2_048 },
    });
    expect(await exchange(server, GET, isAnswered)).toMatch(/^keep-alive: timeout=65\r$/im);
    expect(await exchange(server, "GET / HTTP/1.1\r\nHost: br")).toMatch(/^HTTP\/1\.1 408 /);
    const large = `GET / HTTP/1.1\r\nHost: brood\r\nx-pad: ${"x".repeat(3_000)}\r\n\r\n`;
    expect(await exchange(server, large)).toMatch(/^HTTP\/1\.1 431 /);
  });

  it.each([
    ["listener", 5],
    ["own server", 7],
  ] as const)("not given, a %s keeps a connection for %i s", async (app, seconds) => {
    const server = await serving(app);
    expect(await exchange(server, GET, isAnswered)).toMatch(
      new RegExp(`^keep-alive: timeout=${seconds}\\r$`, "im"),
    );
  });

  it("on the command line are refused by the flag's name", async () => {
    const folder = await testFolder({ "app.mjs": APPS.listener });
    const { exitCode, stderr } = await brood(["app.mjs", "--keep-alive-timeout", "soon"], folder);
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringContaining('option --keep-alive-timeout: got "soon"'),
    ]);
  });
});

const native = nativeSupport();
if (!native.ok) console.log(`skipped: backlogs: ${native.reason}`);

/** How many sockets this process listens on with this backlog. */
function listeningWith(backlog: number): number {
  if (!native.ok) throw new Error(native.reason);
  const { binding } = native;
  const inodes = readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return binding.backlogOf(Number(fd)) === backlog ? [readlinkSync(`/proc/self/fd/${fd}`)] : [];
    } catch {
      return [];
    }
  });
  return new Set(inodes).size;
}

describe.skipIf(!native.ok)("backlog", () => {
  const HANDOFFS = ["listener", "reuseport", "connection"] as const;

  it.each(rowsOf(HANDOFFS, (each) => each === "listener", "backlogs of other handoffs"))(
    "given, is that of every socket, with handoff %s",
    async (handoff) => {
      const unix = join(await testFolder(), "app.sock");
      const listen = handoff === "reuseport" ? ["127.0.0.1:0"] : ["127.0.0.1:0", `unix:${unix}`];
      await serving("listener", { handoff, listen, server: { backlog: 73 } });
      expect(listeningWith(73)).toBe(listen.length);
    },
  );

  it.each(
    rowsOf(["listener", "connection"] as const, (each) => each === "listener", "inherited, connection"),
  )("of an inherited socket is kept as its parent chose it, with handoff %s", async (handoff) => {
    if (!native.ok) throw new Error(native.reason);
    const [fd] = native.binding.bindReuseport("127.0.0.1", 0, 1_024, false);
    const server = await serving("script", { handoff, listen: `fd:${fd}` });
    expect(await exchange(server, GET, isAnswered)).toContain("here");
    expect(native.binding.backlogOf(fd)).toBe(1_024);
  });
});
