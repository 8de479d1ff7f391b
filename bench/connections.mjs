// Requests per second with a connection for each, and on kept connections: Brood's three handoffs against node:cluster's
// two schedulings, with the same handler and the same number of workers. Also: how evenly requests were spread, and what
// the supervisor (the cluster's primary) pays for a connection that it has nothing to do with, or that it accepts.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { makeApp } from "./lib/app.mjs";
import { temporaryFolder } from "./lib/child.mjs";
import { cpuMs, treeCpuMs } from "./lib/proc.mjs";
import { heading, median, spread, table, warnIfBusy } from "./lib/report.mjs";
import { requestsByWorker } from "./lib/requests-by-worker.mjs";
import { client, throughput } from "./lib/throughput.mjs";
import { start as startBrood } from "./systems/brood.mjs";
import { start as startCluster } from "./systems/cluster.mjs";

const { values } = parseArgs({
  options: {
    workers: { type: "string", default: "2" },
    connections: { type: "string", default: "64" },
    seconds: { type: "string", default: "5" },
    repetitions: { type: "string", default: "5" },
    client: { type: "string" },
    only: { type: "string" },
    "brood-args": { type: "string", multiple: true, default: [] },
  },
});
const workers = Number(values.workers);
const repetitions = Number(values.repetitions);
const load = { connections: Number(values.connections), seconds: Number(values.seconds) };
const tool = client(values.client);

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const canReusePort = major > 22 || (major === 22 && minor >= 12);
const brood = (/** @type {string} */ args) => ({
  name: `brood ${args}`,
  start: startBrood,
  args: ["--handoff", ...args.split(" ")],
});
const all = [
  brood("connection"),
  brood("reuseport"),
  brood("listener"),
  ...values["brood-args"].map(brood),
  { name: "cluster round-robin", start: startCluster, args: ["rr"] },
  { name: "cluster SCHED_NONE", start: startCluster, args: ["none"] },
  // Loses connections at each restart, but shows what the kernel's spread over sockets costs and gives by itself.
  ...(canReusePort ? [{ name: "cluster reusePort", start: startCluster, args: ["reuse-port"] }] : []),
];
const systems = all.filter(({ name }) => values.only === undefined || new RegExp(values.only).test(name));

/** @param {(typeof all)[number]} system @param {boolean} keepAlive */
async function measure(system, keepAlive) {
  const { folder, remove } = temporaryFolder();
  const own = join(folder, "system");
  mkdirSync(own);
  const app = await makeApp("counted", join(folder, "app"));
  const running = await system.start(app, workers, { folder: own, args: system.args });
  try {
    await throughput(tool, running.target, { ...load, seconds: 1, keepAlive });
    await sleep(300);
    const counted = requestsByWorker(app.folder);
    const before = { tree: treeCpuMs(running.supervisorPid), supervisor: cpuMs(running.supervisorPid) };
    const result = await throughput(tool, running.target, { ...load, keepAlive });
    const supervisorMs = cpuMs(running.supervisorPid) - before.supervisor;
    const treeMs = treeCpuMs(running.supervisorPid) - before.tree;
    await sleep(300); // the workers write their counts when they have nothing to do
    const shares = requestsByWorker(app.folder).map((count, index) => count - (counted[index] ?? 0));
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    return {
      ...result,
      cpuUs: (treeMs * 1_000) / result.requests,
      supervisorUs: (supervisorMs * 1_000) / result.requests,
      unevenness: Math.max(...shares) / mean,
    };
  } finally {
    await running.stop();
    remove();
  }
}

/** @param {string} title @param {boolean} keepAlive */
async function compare(title, keepAlive) {
  /** @type {Map<string, Awaited<ReturnType<typeof measure>>[]>} */
  const results = new Map(systems.map(({ name }) => [name, []]));
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    // Each is first once: what came before (caches, clock speed) then favours none.
    for (let index = 0; index < systems.length; index += 1) {
      const system = /** @type {(typeof systems)[number]} */ (systems[(index + repetition) % systems.length]);
      const result = await measure(system, keepAlive);
      results.get(system.name)?.push(result);
      console.error(
        `${title} ${repetition + 1}/${repetitions} ${system.name}: ${result.perSecond.toFixed(0)} requests/s`,
      );
    }
  }
  const of = (/** @type {string} */ name) => results.get(name) ?? [];
  /** Median over the pairs of one repetition. @param {string} name @param {string} peer */
  const ratio = (name, peer) => {
    const others = of(peer);
    if (others.length === 0) return "-";
    const ratios = of(name).map((mine, index) => mine.perSecond / (others[index]?.perSecond ?? Number.NaN));
    return median(ratios).toFixed(2);
  };
  console.log(`\n${title}`);
  table(
    [
      "system",
      "requests/s",
      "/ round-robin",
      "/ SCHED_NONE",
      "p99 ms",
      "CPU us/request",
      "of it supervisor",
      "max/mean",
      "errors",
    ],
    systems.map(({ name }) => {
      const figures = (/** @type {"perSecond" | "p99Ms" | "cpuUs" | "supervisorUs" | "unevenness"} */ key) =>
        of(name).map((run) => run[key]);
      return [
        name,
        spread(figures("perSecond"), 0),
        ratio(name, "cluster round-robin"),
        ratio(name, "cluster SCHED_NONE"),
        spread(figures("p99Ms"), 1),
        spread(figures("cpuUs"), 1),
        spread(figures("supervisorUs"), 1),
        spread(figures("unevenness"), 2),
        of(name).reduce((sum, run) => sum + run.errors, 0),
      ];
    }),
  );
}

heading(`Connections, ${workers} workers, ${load.connections} clients`, [
  `client: ${tool.name}, ${load.seconds} s after 1 s of warming up; medians (range) of ${repetitions} interleaved repetitions`,
]);
warnIfBusy();
await compare("A connection for each request", false);
await compare("Kept connections", true);
