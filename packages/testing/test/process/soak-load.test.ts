// The soak's own client: what it calls an error has to be the server's.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, it, onTestFinished } from "vitest";
import { type Sent, startLoad } from "../../src/soak/load.ts";
import { until } from "../support/until.ts";

/** Closes connections that were idle for 100 ms without having said so, as a draining worker does; in a thread of its own. */
const SERVER = `
  const { createServer } = require("node:http");
  const { parentPort } = require("node:worker_threads");
  const closing = new WeakMap();
  const server = createServer({ keepAliveTimeout: 0 }, ({ socket }, response) => {
    clearTimeout(closing.get(socket));
    response.end(() => closing.set(socket, setTimeout(() => socket.end(), 100)));
  });
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
`;

/** Longer than the server keeps a connection. */
const STALL_MS = 1_500;

it("sends nothing over a connection that was closed while it stood still itself", async () => {
  const server = new Worker(SERVER, { eval: true });
  onTestFinished(async () => void (await server.terminate()));
  const [port] = (await once(server, "message")) as [number];
  const sent: Sent[] = [];
  const load = startLoad(`http://127.0.0.1:${port}/`, 200, (each) => void sent.push(each));
  for (let stalls = 1; stalls <= 3; stalls += 1) {
    const before = sent.length;
    await until("forty answers more", () => sent.length > before + 40);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STALL_MS);
  }
  const before = sent.length;
  await until("forty answers more", () => sent.length > before + 40);
  await load.stop();
  expect(sent.filter(({ error }) => error !== null)).toEqual([]);
});
