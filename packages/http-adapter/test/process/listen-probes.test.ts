// Programs that look whether their port is free before they listen: by listening there themselves (get-port, detect-port,
// portfinder) or by connecting (serve). Brood holds the port, and they find it as they would if they were alone; nothing is ready
// while nobody serves the public address.

import { once } from "node:events";
import net from "node:net";
import { describe, expect, it } from "vitest";
import { startBroodIn, testFolder } from "../support/brood-server.ts";
import { rowsOf } from "../support/spawn.ts";

/** Each host in turn, as get-port does it; with HANDLER set the probe is a server that could answer, as portfinder's. */
const LISTENS = `
const net = require("node:net");
const http = require("node:http");
const wanted = Number(process.env.PORT);
function isFree(host) {
  return new Promise((resolve) => {
    const probe = process.env.HANDLER ? http.createServer(() => {}) : net.createServer();
    probe.unref();
    probe.once("error", () => resolve(false));
    probe.listen({ port: wanted, host }, () => probe.close(() => resolve(probe.address() === null)));
  });
}
(async () => {
  let port = wanted;
  for (const host of [undefined, "0.0.0.0", "::", "127.0.0.1"]) if (!(await isFree(host))) port = 0;
  http.createServer((request, response) => response.end("app " + port)).listen(port, process.env.HOST);
})();`;

/** As serve does it. */
const CONNECTS = `
const socket = require("node:net").connect(Number(process.env.PORT), "127.0.0.1");
const serve = (port) => {
  socket.destroy();
  require("node:http").createServer((request, response) => response.end("app")).listen(port);
};
socket.once("connect", () => serve(0));
socket.once("error", () => serve(process.env.PORT));`;

type Row = readonly [name: string, text: string, env: Readonly<Record<string, string>>, isGiven: boolean];

const PROGRAMS: readonly Row[] = [
  ["listens, on $PORT", LISTENS, {}, false],
  ["listens, under --listen", LISTENS, {}, true],
  ["listens with a handler, on $PORT", LISTENS, { HANDLER: "1" }, false],
  ["listens with a handler, under --listen", LISTENS, { HANDLER: "1" }, true],
  ["connects, on $PORT", CONNECTS, {}, false],
  ["connects, under --listen", CONNECTS, {}, true],
];

const MODES = {
  fresh: ["--spawn", "fresh"],
  template: ["--spawn", "template"],
  thread: ["--runtime", "thread"],
} as const;

const ALL = Object.keys(MODES).flatMap((mode) =>
  PROGRAMS.map(
    ([name, ...rest]) => [`${mode}: ${name}`, MODES[mode as keyof typeof MODES], ...rest] as const,
  ),
);
const IN_CI = /^(fresh: connects, on|template: listens, on|thread: listens with a handler, under)/;
const ROWS = rowsOf(ALL, ([name]) => IN_CI.test(name), "the other ways to look for a port");

describe.each(ROWS)("%s", (_, how, text, env, isGiven) => {
  it("takes its own port, at the start and in a restart", async () => {
    const port = await freePort();
    const folder = await testFolder({ "server.cjs": text });
    const place = { folder, cwd: folder, env: { ...env, PORT: String(port), HOST: "127.0.0.1" } };
    const listen = isGiven ? ["-l", `127.0.0.1:${port}`] : [];
    const server = await startBroodIn(
      place,
      "server.cjs",
      "-w",
      "2",
      "--min-healthy",
      "0",
      ...listen,
      ...how,
    );
    const answers = text === LISTENS ? `app ${port}` : "app";
    const isServed = async (): Promise<void> => {
      expect(await ask(port)).toBe(answers);
      const { listeners = [] } = await server.stats();
      expect(listeners.map(({ address, kind }) => [/\d+$/.exec(address)?.[0], kind])).toEqual([
        [String(port), "public"],
      ]);
    };
    await isServed();
    const { exitCode } = await server.command("restart");
    expect({ exitCode, log: exitCode === 0 ? "" : server.log() }).toEqual({ exitCode: 0, log: "" });
    await isServed();
    expect((await server.stats()).counters).toMatchObject({ crashed: 0, killed: 0 });
  });
});

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  await once(server.close(), "close");
  return port;
}

async function ask(port: number): Promise<string> {
  const signal = AbortSignal.timeout(5_000);
  const answer = await fetch(`http://127.0.0.1:${port}`, { headers: { connection: "close" }, signal });
  return answer.text();
}
