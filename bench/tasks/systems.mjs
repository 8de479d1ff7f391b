// The pools, each behind the same face: run(name, value, transfer), destroy(). A name is noop, spin or size.

import { createRequire } from "node:module";
import { createTaskPool } from "@brood/core";

const here = (file) => new URL(file, import.meta.url);
const peer = (name) => createRequire(`${process.env.BENCH_PEERS}/`)(name);
/** Tinypool is an ES module only. */
const tinypool = async () => {
  const entry = new URL(`file://${process.env.BENCH_PEERS}/tinypool/dist/index.js`);
  return (await import(entry.href)).Tinypool;
};
const exported = (name) => (name === "noop" ? "default" : name);

const brood = (runtime, options) => async (workers) => {
  const pool = createTaskPool({
    filename: here("task-file.mjs"),
    runtime,
    minWorkers: workers,
    maxWorkers: workers,
    maxQueue: Number.POSITIVE_INFINITY,
    ...options,
  });
  await pool.ready();
  return {
    run: (name, value, transferList) =>
      name === "noop" ? pool.run(value) : pool.run(value, { name, ...(transferList && { transferList }) }),
    destroy: () => pool.destroy(),
  };
};

const piscina = async (workers) => {
  const { Piscina } = peer("piscina");
  const filename = here("task-file.mjs").href;
  const pool = new Piscina({ filename, minThreads: workers, maxThreads: workers });
  return {
    run: (name, value, transferList) => pool.run(value, { name: exported(name), transferList }),
    destroy: () => pool.destroy(),
  };
};

const tiny = (runtime) => async (workers) => {
  const Tinypool = await tinypool();
  const filename = here("task-file.mjs").href;
  const pool = new Tinypool({
    filename,
    runtime,
    minThreads: workers,
    maxThreads: workers,
    env: process.env,
  });
  return {
    run: (name, value, transferList) => pool.run(value, { name: exported(name), transferList }),
    destroy: () => pool.destroy(),
  };
};

const workerpool = (workerType) => async (workers) => {
  const { Transfer, pool: create } = peer("workerpool");
  const script = here("workerpool-file.mjs").pathname;
  const pool = create(script, { minWorkers: workers, maxWorkers: workers, workerType });
  return {
    run: (name, value, transfer) =>
      transfer === undefined
        ? pool.exec(name, [value])
        : pool.exec(name, [new Transfer(value, transfer)], { transfer }),
    destroy: () => pool.terminate(),
  };
};

const poolifier = (kind) => async (workers) => {
  const pool = new (peer("poolifier")[kind])(workers, here("poolifier-file.cjs").pathname, {
    errorHandler: (error) => console.error(error),
  });
  return {
    run: (name, value, transfer) => pool.execute(value, name, undefined, transfer),
    destroy: () => pool.destroy(),
  };
};

const jest = (enableWorkerThreads) => async (workers) => {
  const { Worker } = peer("jest-worker");
  const exposedMethods = ["noop", "spin", "size"];
  const pool = new Worker(here("jest-file.cjs").pathname, {
    numWorkers: workers,
    enableWorkerThreads,
    exposedMethods,
  });
  return { run: (name, value) => pool[name](value), destroy: () => pool.end() };
};

export const SYSTEMS = {
  "brood threads": brood("worker_threads"),
  "brood threads, unbatched": brood("worker_threads", { batching: "off" }),
  piscina,
  "tinypool threads": tiny("worker_threads"),
  "workerpool threads": workerpool("thread"),
  "poolifier threads": poolifier("FixedThreadPool"),
  "jest-worker threads": jest(true),
  "brood processes": brood("child_process"),
  "brood processes, unbatched": brood("child_process", { batching: "off" }),
  "tinypool processes": tiny("child_process"),
  "workerpool processes": workerpool("process"),
  "poolifier cluster": poolifier("FixedClusterPool"),
  "jest-worker processes": jest(false),
};

/** A new worker for each task, with the heavy module set. */
export const ISOLATED = {
  "brood isolate fresh": isolatedBrood("fresh"),
  "brood isolate template": isolatedBrood("template"),
  "tinypool isolateWorkers": async (workers) => {
    const Tinypool = await tinypool();
    const pool = new Tinypool({
      filename: here("heavy-file.mjs").href,
      runtime: "child_process",
      isolateWorkers: true,
      minThreads: workers,
      maxThreads: workers,
      env: process.env,
    });
    return { run: (_name, value) => pool.run(value), destroy: () => pool.destroy() };
  },
};

function isolatedBrood(spawn) {
  return brood("child_process", {
    spawn,
    isolate: true,
    filename: here("heavy-file.mjs"),
    bootTimeoutMs: 60_000,
  });
}
