// What forking from a template gives and costs, beside fresh processes: spawn, memory, throughput, latency after a roll,
// pauses. The same heavy app, the same number of workers, one mode after the other in each repetition.
// `--execArgv "--semi-..."` (repeatable) adds a template with those flags of V8; `--node 24` runs all of it on that Node.

import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { makeApp } from "./lib/app.mjs";
import { temporaryFolder } from "./lib/child.mjs";
import { nodeBinary } from "./lib/node-binary.mjs";
import { descendants, memory } from "./lib/proc.mjs";
import { heading, median, spread, table, warnIfBusy } from "./lib/report.mjs";
import { client, throughput } from "./lib/throughput.mjs";
import { scale, start as startBrood, status } from "./systems/brood.mjs";

const { values } = parseArgs({
  options: {
    workers: { type: "string", default: "8" },
    repetitions: { type: "string", default: "3" },
    seconds: { type: "string", default: "8" },
    node: { type: "string" },
    execArgv: { type: "string", multiple: true, default: [] },
    client: { type: "string" },
  },
});
const workers = Number(values.workers);
const repetitions = Number(values.repetitions);
const seconds = Number(values.seconds);
const node = values.node === undefined ? process.execPath : await nodeBinary(Number(values.node));
const tool = client(values.client);
const HOOK = join(import.meta.dirname, "lib/report-listening.cjs");
const CONNECTIONS = 16;

/** As many as make V8 compile what the load will use. */
const WARMUP = ["--warmup-requests", "400", "--warmup-path", "/", "--warmup-path", "/work"];

/** @type {{ name: string, spawn: string, execArgv: string[], warmup: string[] }[]} */
const modes = [
  { name: "fresh", spawn: "fresh", execArgv: [], warmup: [] },
  { name: "template", spawn: "template", execArgv: [], warmup: [] },
  { name: "template, warmed up", spawn: "template", execArgv: [], warmup: WARMUP },
  ...values.execArgv.map((flags) => ({
    name: `warmed up, ${flags}`,
    spawn: "template",
    execArgv: flags.split(" "),
    warmup: WARMUP,
  })),
];

/** child_process.fork of the same script, to its `listening`. @param {string} entry */
async function forkMs(entry) {
  const from = performance.now();
  const env = { ...process.env, PORT: "0" };
  const child = fork(entry, { execPath: node, execArgv: ["--require", HOOK], env, stdio: "ignore" });
  await once(child, "message");
  const took = performance.now() - from;
  child.kill("SIGKILL");
  await once(child, "exit");
  return took;
}

/** A worker more, while nothing else happens, five times. @param {string} folder */
async function alone(folder) {
  const times = [];
  for (let time = 0; time < 5; time += 1) {
    await scale(folder, workers + 1);
    const stats = await status(folder);
    times.push(stats.workers.at(-1).readyAfterMs);
    await scale(folder, workers);
  }
  return median(times);
}

/** Sum over the server and all that it has started, in MiB. @param {number} pid */
function totalPss(pid) {
  return [pid, ...descendants(pid)].reduce((sum, each) => sum + (memory(each).pssMiB || 0), 0);
}

/** @param {(typeof modes)[number]} mode */
async function measure({ spawn, execArgv, warmup }) {
  const { folder, remove } = temporaryFolder();
  const own = join(folder, "system");
  mkdirSync(own);
  const app = await makeApp("measured", join(folder, "app"));
  const pauses = join(own, "pauses");
  const config = join(own, "config.json");
  writeFileSync(config, JSON.stringify({ execArgv, env: { BENCH_PAUSES: pauses } }));
  // One at a time, so that a worker's time is its own; each worker with as many of the connections as any other, or the
  // memory after load would depend on who got them.
  const even = ["--max-surge", "1", "--heartbeat-timeout", "60000", "--handoff", "connection"];
  const args = ["--spawn", spawn, "--config", config, ...even, ...warmup];
  const running = await startBrood(app, workers, { node, folder: own, args });
  try {
    const idlePss = totalPss(running.supervisorPid);
    const aloneMs = await alone(own);
    const first = await throughput(tool, running.target, { connections: CONNECTIONS, seconds });
    await throughput(tool, `${running.target}/work`, { connections: CONNECTIONS, seconds });
    const loadedPss = totalPss(running.supervisorPid);
    const sustained = await throughput(tool, running.target, { connections: CONNECTIONS, seconds });
    await running.restart();
    const after = await throughput(tool, running.target, { connections: CONNECTIONS, seconds: 2 });
    const stats = await status(own);
    const ready = stats.workers.map((/** @type {{ readyAfterMs: number }} */ each) => each.readyAfterMs);
    await sleep(100);
    return {
      aloneMs,
      readyMs: median(ready),
      idlePss,
      loadedPss,
      firstPerSecond: first.perSecond,
      perSecond: sustained.perSecond,
      steadyP99: sustained.p99Ms,
      afterP99: after.p99Ms,
      stop: running.stop,
      errors: first.errors + sustained.errors + after.errors,
      async pauseMs() {
        await running.stop();
        const lines = existsSync(pauses) ? readFileSync(pauses, "utf8").trim().split("\n").map(Number) : [0];
        remove();
        return Math.max(...lines);
      },
    };
  } catch (error) {
    await running.stop();
    remove();
    throw error;
  }
}

heading(`Forked from a template, ${workers} workers`, [
  `on ${node === process.execPath ? process.version : `Node ${values.node}`}; medians (range) of ${repetitions} interleaved repetitions; ${tool.name}, ${CONNECTIONS} kept connections, ${seconds} s`,
]);
warnIfBusy();
/** @typedef {Omit<Awaited<ReturnType<typeof measure>>, "stop" | "pauseMs"> & { pauseMs: number, ratioP99: number }} Result */
/** @type {Map<string, Result[]>} */
const results = new Map(modes.map(({ name }) => [name, []]));
const forks = [];
for (let repetition = 1; repetition <= repetitions; repetition += 1) {
  const { folder, remove } = temporaryFolder();
  forks.push(await forkMs((await makeApp("measured", join(folder, "app"))).entry));
  remove();
  for (const mode of modes) {
    const { pauseMs, ...result } = await measure(mode);
    results.get(mode.name)?.push({
      ...result,
      pauseMs: await pauseMs(),
      ratioP99: result.afterP99 / result.steadyP99,
    });
    console.error(`${repetition}/${repetitions} ${mode.name}: ready after ${result.readyMs.toFixed(1)} ms`);
  }
}

const of = (/** @type {string} */ name, /** @type {keyof Result} */ key) =>
  (results.get(name) ?? []).map((each) => Number(each[key]));
const ratio = (/** @type {string} */ name, /** @type {keyof Result} */ key) =>
  (median(of(name, key)) / median(of("fresh", key))).toFixed(3);
table(
  [
    "mode",
    "ready ms\nalone",
    "ready ms\nin a roll",
    "PSS idle MiB",
    "PSS loaded MiB",
    "req/s first",
    "req/s",
    "p99 ms",
    "p99 after\nroll ms",
    "longest\nGC ms",
    "errors",
  ],
  modes.map(({ name }) => [
    name,
    spread(of(name, "aloneMs"), 0),
    spread(of(name, "readyMs"), 0),
    spread(of(name, "idlePss"), 0),
    spread(of(name, "loadedPss"), 0),
    spread(of(name, "firstPerSecond"), 0),
    spread(of(name, "perSecond"), 0),
    spread(of(name, "steadyP99"), 1),
    spread(of(name, "afterP99"), 1),
    spread(of(name, "pauseMs"), 0),
    of(name, "errors").reduce((sum, each) => sum + each, 0),
  ]),
);
table(
  [
    "against fresh",
    "ready alone",
    "in a roll",
    "PSS idle",
    "PSS loaded",
    "req/s first",
    "req/s",
    "p99",
    "p99 after roll",
    "own p99 after / steady",
    "longest GC",
  ],
  modes
    .slice(1)
    .map(({ name }) => [
      name,
      ratio(name, "aloneMs"),
      ratio(name, "readyMs"),
      ratio(name, "idlePss"),
      ratio(name, "loadedPss"),
      ratio(name, "firstPerSecond"),
      ratio(name, "perSecond"),
      ratio(name, "steadyP99"),
      ratio(name, "afterP99"),
      median(of(name, "ratioP99")).toFixed(2),
      ratio(name, "pauseMs"),
    ]),
);
console.log(`child_process.fork of the same script to its listening: ${spread(forks, 0)} ms`);
console.log("ready alone: one worker more while nothing else happens; in a roll: while old workers end.");
console.log(
  "req/s first: right after the start; the other after both loads, when what will be copied has been.",
);
console.log("PSS: supervisor, template and workers together; loaded: after both loads.");
