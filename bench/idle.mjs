// What does a supervisor cost while nothing happens? CPU and wake-ups per second with idle workers, and memory after
// the start and after a roll. All systems are up at once and are sampled in the same seconds: idle processes do not
// disturb each other, and everything else on the machine hits them alike.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { makeApp } from "./lib/app.mjs";
import { temporaryFolder } from "./lib/child.mjs";
import { nodeBinary } from "./lib/node-binary.mjs";
import { memory, threads } from "./lib/proc.mjs";
import { heading, median, table } from "./lib/report.mjs";
import { start as startBrood } from "./systems/brood.mjs";
import { start as startCluster } from "./systems/cluster.mjs";
import { start as startPm2 } from "./systems/pm2.mjs";
import { start as startWatt } from "./systems/watt.mjs";

const { values } = parseArgs({
  options: {
    workers: { type: "string", default: "4,24" },
    seconds: { type: "string", default: "20" },
    settle: { type: "string", default: "5" },
    only: { type: "string" },
    threads: { type: "boolean", default: false },
  },
});
const seconds = Number(values.seconds);
const settleMs = Number(values.settle) * 1_000;
const counts = values.workers.split(",").map(Number);

const all = [
  { name: "brood", start: startBrood, restarts: true, options: {} },
  { name: "cluster", start: startCluster, restarts: false, options: {} },
  { name: "pm2 7", start: startPm2, restarts: true, options: {} },
  { name: "watt 3, Node 24", start: startWatt, restarts: true, options: { node: await nodeBinary(24) } },
];
const systems = all.filter(({ name }) => values.only === undefined || new RegExp(values.only).test(name));

/**
 * @param {number} pid
 * @returns {(elapsedMs: number) => { wakeUps: number, mainWakeUps: number, cpu: number, byThread: string }} per second; CPU in per cent of one core
 */
function watch(pid) {
  const before = threads(pid);
  return (elapsedMs) => {
    const perSecond = (/** @type {number} */ value) => value / (elapsedMs / 1_000);
    const rows = [...threads(pid)].map(([tid, now]) => ({
      tid,
      name: now.name,
      wakeUps: perSecond(now.sleeps - (before.get(tid)?.sleeps ?? 0)),
      cpuNs: perSecond(now.cpuNs - (before.get(tid)?.cpuNs ?? 0)),
    }));
    const sum = (/** @type {"wakeUps" | "cpuNs"} */ of) => rows.reduce((total, row) => total + row[of], 0);
    return {
      wakeUps: sum("wakeUps"),
      mainWakeUps: rows.find(({ tid }) => tid === String(pid))?.wakeUps ?? Number.NaN,
      cpu: sum("cpuNs") / 1e7,
      byThread: rows.map((row) => `${row.name} ${row.wakeUps.toFixed(1)}`).join(", "),
    };
  };
}

/** @param {Awaited<ReturnType<typeof startAll>>} running */
async function sample(running) {
  await sleep(settleMs);
  const watched = running.map((each) => {
    const { supervisorPid } = each.system;
    const workers = each.system.workerPids().filter((pid) => pid !== supervisorPid);
    return { supervisor: watch(supervisorPid), workers: workers.map(watch) };
  });
  const from = performance.now();
  await sleep(seconds * 1_000);
  const elapsedMs = performance.now() - from;
  return watched.map(({ supervisor, workers }, index) => ({
    supervisor: supervisor(elapsedMs),
    worker: median(workers.map((each) => each(elapsedMs).wakeUps)),
    ...memory(/** @type {(typeof running)[number]} */ (running[index]).system.supervisorPid),
  }));
}

async function startAll(/** @type {string} */ folder) {
  const running = [];
  try {
    for (const kind of systems) {
      for (const workers of counts) {
        const place = join(folder, `${running.length}`);
        const own = join(place, "system");
        mkdirSync(own, { recursive: true });
        const app = await makeApp("trivial", join(place, "app"));
        const system = await kind.start(app, workers, { ...kind.options, folder: own });
        running.push({ kind, workers, app, system });
      }
    }
  } catch (error) {
    await stopAll(running);
    throw error;
  }
  return running;
}

async function stopAll(/** @type {readonly { system: import("./systems/types.js").Running }[]} */ running) {
  await Promise.allSettled(running.map(({ system }) => system.stop()));
}

heading("An idle supervisor", [
  `sampled over ${seconds} s, ${settleMs / 1_000} s after the start and after a roll; wake-ups: voluntary context switches, all threads`,
]);
const { folder, remove } = temporaryFolder();
const running = await startAll(folder);
try {
  const afterStart = await sample(running);
  for (const { kind, app, system } of running) {
    app.deploy("v2");
    if (kind.restarts) await system.restart();
  }
  const afterRoll = await sample(running);
  table(
    [
      "system",
      "workers",
      "CPU %",
      "wake-ups/s",
      "of its main\nthread",
      "of one\nworker",
      "RSS\nMiB",
      "PSS\nMiB",
      "RSS\nafter roll",
      "PSS\nafter roll",
      "wake-ups/s\nafter roll",
    ],
    running.map(({ kind, workers }, index) => {
      const [a, b] = [afterStart[index], afterRoll[index]].map(
        (each) => /** @type {typeof afterStart[number]} */ (each),
      );
      if (a === undefined || b === undefined) throw new Error("no sample");
      if (values.threads) console.log(`${kind.name} ${workers}: ${a.supervisor.byThread}`);
      const { cpu, wakeUps, mainWakeUps } = a.supervisor;
      const start = [
        cpu.toFixed(3),
        wakeUps.toFixed(1),
        mainWakeUps.toFixed(1),
        Number.isNaN(a.worker) ? "-" : a.worker.toFixed(1),
      ];
      const sizes = [a.rssMiB, a.pssMiB, b.rssMiB, b.pssMiB].map((each) => each.toFixed(1));
      const rolled = kind.restarts ? [...sizes.slice(2), b.supervisor.wakeUps.toFixed(1)] : ["-", "-", "-"];
      return [kind.name, workers, ...start, ...sizes.slice(0, 2), ...rolled];
    }),
  );
  console.log(
    "RSS counts pages shared with the workers in full, PSS by share. Watt's workers are threads of it.",
  );
} finally {
  await stopAll(running);
  remove();
}
