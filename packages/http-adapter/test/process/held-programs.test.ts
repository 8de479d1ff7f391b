// Programs that connect while they load, unchanged, in workers forked from a template: what they begin is held and done in
// each worker, whether they wait for it or not.
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { type BroodServer, startBroodWith, testFolder } from "../support/brood-server.ts";
import { post } from "../support/control.ts";
import { rowsOf } from "../support/spawn.ts";

/** Of a line server that gives back each line; with what it has counted. */
async function database(): Promise<{ readonly port: number; readonly connections: () => number }> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    for (const each of sockets) each.destroy();
  });
  return { port: (server.address() as AddressInfo).port, connections: () => sockets.size };
}

/** `ask(text)` of a client that is connected or not. */
const CLIENT = `import http from "node:http";
import net from "node:net";
import { AsyncLocalStorage } from "node:async_hooks";
const waiting = [];
const connect = () => net.connect({ host: "127.0.0.1", port: Number(process.env.DATABASE) });
let socket;
const use = (opened) => {
  socket = opened;
  socket.setEncoding("utf8").on("data", (text) => { for (const line of text.split("\\n").filter(Boolean)) waiting.shift()?.(line); });
};
const connected = () => new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
const ask = (text) => new Promise((resolve) => { waiting.push(resolve); socket.write(text + "\\n"); });
const listener = async (request, response) => response.end(await ask(process.pid + " " + request.url));
setInterval(() => {}, 1_000);
process.on("SIGTERM", () => { console.log("told", process.pid); process.exit(0); });
`;

const PROGRAMS: Readonly<Record<string, string>> = {
  "awaits at top level, then listens": `use(connect()); await connected();
http.createServer(listener).listen(process.env.PORT || 8080);`,
  "awaits in a function that nobody waits for": `const main = async () => { use(connect()); await connected();
  http.createServer(listener).listen(process.env.PORT || 8080); };
void main();`,
  "exports its application and connects beside": `use(connect());
export default listener;`,
  "awaits, then exports its application and hooks": `use(connect()); await connected();
let booted = 0;
export const onWorkerBoot = () => { booted = process.pid; };
export default (request, response) => booted === process.pid ? listener(request, response) : response.end("not booted");`,
  "listens first, and a request waits for the connection": `use(connect());
http.createServer(async (request, response) => { if (socket.connecting) await connected(); await listener(request, response); })
  .listen(process.env.PORT || 8080);`,
};

async function answers(server: BroodServer, count: number): Promise<ReadonlySet<number>> {
  const address = server.addresses[0]?.replace("tcp", "http") ?? "";
  const texts = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const response = await fetch(`${address}/${index}`, { headers: { connection: "close" } });
      const [pid, path] = (await response.text()).split(" ");
      expect(path).toBe(`/${index}`);
      return Number(pid);
    }),
  );
  return new Set(texts);
}

/** Between them all that is different: what waits, who exports. */
const SHORT = ["awaits at top level, then listens", "exports its application and connects beside"];
const ROWS = rowsOf(Object.keys(PROGRAMS), (name) => SHORT.includes(name), "other programs that connect");

describe("a program that connects while it loads, in forked workers", () => {
  it.each(ROWS)("H2: %s", async (name) => {
    const { port, connections } = await database();
    const folder = await testFolder({ "app.mjs": `${CLIENT}${PROGRAMS[name]}` });
    const server = await startBroodWith(
      { DATABASE: String(port) },
      folder,
      ...["app.mjs", "--spawn", "template", "-w", "2", "-l", "127.0.0.1:0", "--min-healthy", "0"],
      ...["--warmup-requests", "2", "--template-fallback", "wait"],
    );
    expect((await server.stats()).template?.held?.connections).toBe(1);
    const pids = (await server.stats()).workers.map(({ pid }) => pid);
    for (const pid of await answers(server, 8)) expect(pids).toContain(pid);
    expect(connections()).toBe(2);
    expect(await post(server.control, "/restart")).toMatchObject({ result: "completed" });
    const successors = (await server.stats()).workers.map(({ pid }) => pid);
    for (const pid of await answers(server, 8)) expect(successors).toContain(pid);
    expect(connections()).toBe(4);
    expect((await server.command("status")).stdout).toMatch(/^template held: 1 connection, \d timer/m);
    expect(await server.command("stop")).toMatchObject({ exitCode: 0 });
  });
});

it("H4: a program that listens in onWorkerBoot is ready when it does, also where it waits for that itself", async () => {
  const folder = await testFolder({
    "app.mjs": `import http from "node:http";
let warm = 0;
export const warmup = () => { warm += 1; };
export async function onWorkerBoot() {
  await new Promise((resolve) => setTimeout(resolve, 20));
  const server = http.createServer((request, response) => response.end(process.pid + " " + request.url));
  await new Promise((resolve) => server.listen(process.env.PORT || 8080, resolve));
}`,
  });
  for (const spawn of ["template", "fresh"]) {
    const server = await startBroodWith(
      {},
      folder,
      ...["app.mjs", "--spawn", spawn, "-w", "1", "-l", "127.0.0.1:0", "--min-healthy", "0"],
      ...["--template-fallback", "wait"],
    );
    const pids = (await server.stats()).workers.map(({ pid }) => pid);
    for (const pid of await answers(server, 2)) expect(pids).toContain(pid);
    expect(await server.command("stop")).toMatchObject({ exitCode: 0 });
  }
});
