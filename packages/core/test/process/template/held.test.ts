// What an application begins while it loads is held in the template and done in each worker.
import { once } from "node:events";
import net, { type AddressInfo, type Server } from "node:net";
import { PassThrough } from "node:stream";
import { expect, it, onTestFinished } from "vitest";
import { folder, nextEvent, pidsOf, service, within } from "../support.ts";
import { ask, fixture, workersOf } from "./support.ts";

interface Echo {
  readonly port: number;
  /** Connections that have ever come. */
  readonly count: () => number;
}

/** Gives back what it gets; an HTTP request gets its own text, which no client takes for an answer. */
async function echo(at: string | number = 0): Promise<Echo> {
  let count = 0;
  const sockets = new Set<net.Socket>();
  const server: Server = net.createServer((socket) => {
    count += 1;
    sockets.add(socket);
    socket.on("error", () => {}).pipe(socket);
  });
  if (typeof at === "string") server.listen(at);
  else server.listen(at, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    for (const each of sockets) each.destroy();
  });
  return { port: (server.address() as AddressInfo).port ?? 0, count: () => count };
}

it("H1: connections and servers are held, in their order, and each worker has its own", async () => {
  const path = await folder();
  const tcp = await echo();
  await echo(`${path}/echo.sock`);
  const made = service({
    entry: fixture("held.mjs"),
    spawn: "template",
    workers: 2,
    env: { BROOD_TEST_ECHO: String(tcp.port), BROOD_TEST_UNIX: `${path}/echo.sock` },
    template: { fallback: "wait" },
  });
  const ready = nextEvent(made, "template:ready");
  await within("start", made.start());
  // The one that was destroyed and the server that was closed are not wanted any more.
  const held = { connections: 4, servers: 1, datagrams: 0, threads: 0, processes: 0, hooks: 0, timers: 1 };
  expect((await ready).held).toMatchObject({ ...held, timers: expect.any(Number) });
  expect((await ready).isWaiting).toBe(false);
  expect(made.stats().template?.held).toMatchObject({ connections: 4, servers: 1 });
  // One of a killed worker's successor, too: forked when the template is old.
  process.kill(pidsOf(made)[0] ?? -1, "SIGKILL");
  await nextEvent(made, "worker:ready");
  for (const worker of workersOf(made)) {
    const pid = await ask(made, worker, "pid");
    expect(await ask(made, worker, "before")).toEqual({ connecting: true, pending: true, listening: false });
    const { order, ...rest } = (await ask(made, worker, "order")) as { order: string[] };
    expect(order).toEqual(["closed", expect.any(String), expect.any(String)]);
    expect(order.toSorted()).toEqual(["closed", "connect kept", "listening"]);
    expect(rest).toEqual({ given: [true, null], timeout: 20_000 });
    expect(await ask(made, worker, "echo")).toBe(`early ${pid}`);
    expect(await ask(made, worker, "unix")).toBe("x");
    expect(await ask(made, worker, "failure")).toBe("ECONNREFUSED");
    expect(await ask(made, worker, "fetch")).toBe("TypeError: fetch failed");
    expect(await ask(made, worker, "served")).toBe(pid);
  }
  expect(tcp.count()).toBe(6); // 2 of each of 3 workers, none of the template
});

it("H1: a program that awaits a held connection is forked while it waits, and goes on in each worker", async () => {
  const { port, count } = await echo();
  const path = await folder({
    "app.mjs": `import net from "node:net"; import { once } from "node:events"; import { readFile } from "node:fs/promises";
const text = await readFile(new URL(import.meta.url), "utf8");
const socket = net.connect(${port}, "127.0.0.1");
socket.setEncoding("utf8");
await once(socket, "connect");
globalThis.after = process.pid;
export const beforeFork = () => { throw new Error("its exports are not known"); };
export default ({ post }) => {
  socket.write("hello");
  socket.once("data", (data) => post({ data, pid: process.pid, after: globalThis.after, length: text.length > 0 }));
};`,
  });
  const made = service({ entry: `${path}/app.mjs`, spawn: "template", workers: 2 });
  const answers: { data: string; pid: number; after: number }[] = [];
  made.on("worker:message", ({ payload }) => void answers.push(payload as (typeof answers)[number]));
  const ready = nextEvent(made, "template:ready");
  await within("start", made.start());
  expect((await ready).isWaiting).toBe(true);
  expect((await ready).held.connections).toBe(1);
  while (answers.length < 2) await nextEvent(made, "worker:message");
  expect(answers.map(({ pid }) => pid).toSorted()).toEqual([...pidsOf(made)].toSorted());
  for (const each of answers) expect(each).toMatchObject({ data: "hello", after: each.pid, length: true });
  expect(count()).toBe(2);
});

it("H1: with template.hold false nothing is held, and what is open is refused", async () => {
  const { port } = await echo();
  const path = await folder({
    "app.mjs": `import net from "node:net";
const socket = net.connect(${port}, "127.0.0.1");
await new Promise((resolve) => socket.once("connect", resolve));
export default () => {};`,
  });
  const made = service({
    entry: `${path}/app.mjs`,
    spawn: "template",
    workers: 1,
    template: { hold: false },
    stderr: new PassThrough().resume(),
  });
  const error = await within("start", made.start().then(String)).catch((thrown: Error) => thrown.message);
  expect(error).toMatch(/a TCP socket to 127\.0\.0\.1:\d+, opened at .*app\.mjs:2:/);
});
