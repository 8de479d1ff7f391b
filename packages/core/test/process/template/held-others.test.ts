// Threads, child processes, UDP and watchers that an application starts while it loads: each worker has its own.
import dgram from "node:dgram";
import { once } from "node:events";
import { promises as fs } from "node:fs";
import type { AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import { expect, it, onTestFinished } from "vitest";
import { folder, nextEvent, pidsOf, service, within } from "../support.ts";
import { ask, fixture, workersOf } from "./support.ts";

it("H3: threads, child processes and UDP are held; file watchers go on in each worker", async () => {
  const received: string[] = [];
  const receiver = dgram.createSocket("udp4", (message) => void received.push(String(message)));
  receiver.bind(0, "127.0.0.1");
  await once(receiver, "listening");
  onTestFinished(() => void receiver.close());
  const watched = await folder();
  const made = service({
    entry: fixture("held-others.mjs"),
    spawn: "template",
    workers: 1,
    env: { BROOD_TEST_UDP: String((receiver.address() as AddressInfo).port), BROOD_TEST_WATCHED: watched },
    template: { fallback: "wait" },
  });
  await within("start", made.start());
  expect(made.stats().template?.held).toMatchObject({ threads: 1, processes: 4, datagrams: 2 });
  await fs.writeFile(`${watched}/between`, "");
  process.kill(pidsOf(made)[0] ?? -1, "SIGKILL");
  await nextEvent(made, "worker:ready");
  const [worker = "w2"] = workersOf(made);
  const pid = await ask(made, worker, "pid");
  expect(await ask(made, worker, "before")).toEqual({ isWorker: true, threadId: 1 });
  expect(await ask(made, worker, "thread")).toEqual([["early", 7, pid, "yes"], 1]);
  expect(await ask(made, worker, "end")).toBe(1);
  expect(await ask(made, worker, "cat")).toEqual(["written early", [0, 0]]);
  expect(await ask(made, worker, "exec")).toBe(pid);
  expect(await ask(made, worker, "child")).toEqual([{ hello: 1, parent: pid }, true, true]);
  expect(await ask(made, worker, "missing")).toBe("ENOENT");
  expect(await ask(made, worker, "udp")).toBe(true);
  // What came before its fork, and what comes now; nothing was heard in the template.
  expect(await ask(made, worker, "seen")).toEqual([`${pid} between`]);
  while (!received.includes(String(pid))) await once(receiver, "message");
  expect(received.filter((each) => each === "early")).toHaveLength(2);
});

it("H3: a thread that the program waits for without giving up its own is started, and the template refused", async () => {
  const path = await folder({
    "app.mjs": `import { Worker } from "node:worker_threads";
const cell = new Int32Array(new SharedArrayBuffer(4));
new Worker("const { workerData } = require('node:worker_threads'); Atomics.store(workerData, 0, 1); Atomics.notify(workerData, 0); setInterval(() => {}, 1e3)", { eval: true, workerData: cell });
Atomics.wait(cell, 0, 0);
export default () => {};`,
  });
  const stderr = new PassThrough();
  const made = service({ entry: `${path}/app.mjs`, spawn: "template", workers: 1, stderr });
  const error = await within("start", made.start().then(String)).catch((thrown: Error) => thrown.message);
  expect(error).toMatch(/a worker thread, opened at .*app\.mjs:4:/);
  expect(String(stderr.read())).toMatch(/the program waits for it \(Atomics\.wait\) at .*app\.mjs:4:/);
});
