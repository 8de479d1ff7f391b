// Requests per second on kept connections: Brood and node:cluster with the same handler and the same number of workers.
// Once a connection is made no supervisor is on its way, so this shows what each worker adds to a request, and how
// evenly connections were spread. The client shares the machine with the servers: on few cores it takes CPU that the
// server would have, from all alike; so CPU per request is printed too, which that does not change.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { makeApp } from "./lib/app.mjs";
import { temporaryFolder } from "./lib/child.mjs";
import { treeCpuMs } from "./lib/proc.mjs";
import { heading, median, spread, table, warnIfBusy } from "./lib/report.mjs";
import { client, throughput } from "./lib/throughput.mjs";
import { start as startBrood } from "./systems/brood.mjs";
import { start as startCluster } from "./systems/cluster.mjs";

const { values } = parseArgs({
  options: {
    workers: { type: "string", default: "2" },
    connections: { type: "string", default: "64" },
    seconds: { type: "string", default: "5" },
    settle: { type: "string", default: "1" },
    app: { type: "string", default: "trivial" },
    repetitions: { type: "string", default: "5" },
    client: { type: "string" },
    only: { type: "string" },
    "brood-args": { type: "string", multiple: true, default: [] },
  },
});
const workers = Number(values.workers);
const repetitions = Number(values.repetitions);
const seconds = Number(values.seconds);
const connections = Number(values.connections);
/** Of load before it is measured: until V8 has compiled what is hot. */
const settle = Number(values.settle);
const appName = /** @type {"heavy" | "measured" | "trivial"} */ (values.app);
const tool = client(values.client);

const all = [
  { name: "brood", start: startBrood, args: /** @type {string[]} */ ([]) },
  ...values["brood-args"].map((args) => ({
    name: `brood ${args}`,
    start: startBrood,
    args: args.split(" "),
  })),
  { name: "cluster round-robin", start: startCluster, args: ["rr"] },
  { name: "cluster SCHED_NONE", start: startCluster, args: ["none"] },
];
const systems = all.filter(({ name }) => values.only === undefined || new RegExp(values.only).test(name));

/** @param {(typeof all)[number]} system */
async function measure(system) {
  const { folder, remove } = temporaryFolder();
  const own = join(folder, "system");
  mkdirSync(own);
  const app = await makeApp(appName, join(folder, "app"));
  const running = await system.start(app, workers, { folder: own, args: system.args });
  try {
    await throughput(tool, running.target, { connections, seconds: settle });
    await sleep(200);
    const before = treeCpuMs(running.supervisorPid);
    const result = await throughput(tool, running.target, { connections, seconds });
    const cpuMs = treeCpuMs(running.supervisorPid) - before;
    return { ...result, cpuUs: (cpuMs * 1_000) / result.requests };
  } finally {
    await running.stop();
    remove();
  }
}

heading(`Keep-alive throughput, ${appName} app, ${workers} workers, ${connections} connections`, [
  `client: ${tool.name}, ${seconds} s after ${settle} s of warming up; medians (range) of ${repetitions} interleaved repetitions`,
]);
warnIfBusy();
/** @type {Map<string, Awaited<ReturnType<typeof measure>>[]>} */
const results = new Map(systems.map(({ name }) => [name, []]));
for (let repetition = 0; repetition < repetitions; repetition += 1) {
  // Each is first once: what came before (caches, clock speed) then favours none.
  for (let index = 0; index < systems.length; index += 1) {
    const system = /** @type {(typeof systems)[number]} */ (systems[(index + repetition) % systems.length]);
    const result = await measure(system);
    results.get(system.name)?.push(result);
    console.error(
      `${repetition + 1}/${repetitions} ${system.name}: ${result.perSecond.toFixed(0)} requests/s`,
    );
  }
}

const of = (/** @type {string} */ name) => results.get(name) ?? [];
const first = /** @type {(typeof systems)[number]} */ (systems[0]).name;
/** Median over the pairs of one repetition. @param {string} name @param {"perSecond" | "cpuUs"} figure */
const ratio = (name, figure) =>
  median(of(first).map((mine, index) => mine[figure] / /** @type {typeof mine} */ (of(name)[index])[figure]));
table(
  ["system", "requests/s", `${first} / it`, "CPU us/request", `${first} / it`, "p99 ms", "errors"],
  systems.map(({ name }) => [
    name,
    spread(
      of(name).map((run) => run.perSecond),
      0,
    ),
    ratio(name, "perSecond").toFixed(2),
    spread(
      of(name).map((run) => run.cpuUs),
      1,
    ),
    ratio(name, "cpuUs").toFixed(2),
    spread(
      of(name).map((run) => run.p99Ms),
      1,
    ),
    of(name).reduce((sum, run) => sum + run.errors, 0),
  ]),
);
