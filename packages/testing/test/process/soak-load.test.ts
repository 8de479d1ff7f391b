// The soak's own client: what it calls an error has to be the server's.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, it, onTestFinished } from "vitest";
import { type Sent, startLoad } from "../../src/soak/load.ts";
import { until } from "../support/until.ts";

/**
 * Closes its idle connections without having said so, as a draining worker does, when told to; in a thread of its own. Not
 * by a timer: a server that is late closes a connection whose request it has not read yet, and that is no fault of the client.
 * What was sent before the message has been accepted and read three turns later. Only those that had a request: a connection of
 * which the client has not learned yet that it was made has had none, and Node 26 would call it idle.
 */
const SERVER = `
  const { createServer } = require("node:http");
  const { parentPort, workerData } = require("node:worker_threads");
  const { setImmediate, setTimeout } = require("node:timers/promises");
  const answered = new Set();
  const server = createServer({ keepAliveTimeout: 0 }, ({ socket }, response) => {
    answered.add(socket);
    response.end();
  });
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
  parentPort.on("message", async (stallMs) => {
    for (let turn = 1; turn <= 3; turn += 1) await setImmediate();
    await setTimeout(stallMs);
    for (const socket of answered) socket.destroy();
    Atomics.add(workerData, 0, 1);
    Atomics.notify(workerData, 0);
  });
`;

/** Longer than the client may take for an ordinary delay. */
const STALL_MS = 200;

it("sends nothing over a connection that was closed while it stood still itself", async () => {
  const closings = new Int32Array(new SharedArrayBuffer(4));
  const server = new Worker(SERVER, { eval: true, workerData: closings });
  onTestFinished(async () => void (await server.terminate()));
  const [port] = (await once(server, "message")) as [number];
  const sent: Sent[] = [];
  const options = {
    url: `http://127.0.0.1:${port}/`,
    rate: 50,
    kept: 16,
    latencyMs: 0,
    thinkMs: 100,
    seed: 1,
  };
  const load = await startLoad(options, (each) => void sent.push(each));
  for (let stalls = 0; stalls < 3; stalls += 1) {
    const before = sent.length;
    await until("forty answers more", () => sent.length > before + 40);
    server.postMessage(STALL_MS);
    expect(Atomics.wait(closings, 0, stalls, 10_000)).not.toBe("timed-out");
  }
  const before = sent.length;
  await until("forty answers more", () => sent.length > before + 40);
  await load.stop();
  expect(sent.filter(({ error }) => error !== null)).toEqual([]);
});
