// How long does it take to replace all workers of a heavy app, and what do its users see of it?
// Every system gets the same app file, the same number of workers, and the same light load. The time is that of the
// system's own command, from its start to its end: what a deploy script waits for.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { makeApp } from "./lib/app.mjs";
import { temporaryFolder } from "./lib/child.mjs";
import { fullLoad } from "./lib/full-load.mjs";
import { lightLoad } from "./lib/light-load.mjs";
import { nodeBinary } from "./lib/node-binary.mjs";
import { treeCpuMs } from "./lib/proc.mjs";
import { heading, median, spread, table, warnIfBusy } from "./lib/report.mjs";
import { start as startBrood } from "./systems/brood.mjs";
import { start as startPm2 } from "./systems/pm2.mjs";
import { start as startWatt } from "./systems/watt.mjs";

const { values } = parseArgs({
  options: {
    workers: { type: "string", default: "24" },
    repetitions: { type: "string", default: "3" },
    app: { type: "string", default: "heavy" },
    load: { type: "string", default: "light" },
    only: { type: "string" },
    "brood-args": { type: "string", multiple: true, default: [] },
  },
});
const workers = Number(values.workers);
const repetitions = Number(values.repetitions);
const node24 = await nodeBinary(24);

const LOADS = {
  none: {
    says: "none",
    start: () => ({
      mark: () => performance.now(),
      stop: async () => ({ requests: 0, errorsNew: 0, errorsKept: 0, errorKinds: [], stale: 0 }),
    }),
  },
  light: { says: "40 requests/s on new connections, 40 on kept ones", start: lightLoad },
  full: {
    says: "8 clients with a new connection for each request, 8 with a kept one, as fast as they can",
    start: fullLoad,
  },
};

const chosenLoad = LOADS[/** @type {keyof typeof LOADS} */ (values.load)];
if (chosenLoad === undefined) throw new Error(`--load ${values.load}: ${Object.keys(LOADS).join(", ")}`);

/** The load goes on for this long before and after the restart, to see answers of both versions. */
const MARGIN_MS = 2_000;

/** @type {{ name: string, start: import("./systems/types.js").Start, options: { node?: string, args?: string[] } }[]} */
const all = [
  { name: "brood", start: startBrood, options: {} },
  ...values["brood-args"].map((args) => ({
    name: `brood ${args}`,
    start: startBrood,
    options: { args: args.split(" ") },
  })),
  { name: "brood, Node 24", start: startBrood, options: { node: node24 } },
  { name: "pm2 7", start: startPm2, options: {} },
  { name: "pm2 7, Node 24", start: startPm2, options: { node: node24 } },
  { name: "watt 3, Node 24", start: startWatt, options: { node: node24 } },
];
const systems = all.filter(({ name }) => values.only === undefined || new RegExp(values.only).test(name));

/** @param {(typeof all)[number]} system */
async function measure(system) {
  const { folder, remove } = temporaryFolder();
  const own = join(folder, "system");
  mkdirSync(own);
  const app = await makeApp(
    /** @type {"heavy" | "measured" | "trivial"} */ (values.app),
    join(folder, "app"),
  );
  const startedAt = performance.now();
  const running = await system.start(app, workers, { ...system.options, folder: own });
  const bootMs = performance.now() - startedAt;
  try {
    const load = await chosenLoad.start(running.target);
    await sleep(MARGIN_MS);
    app.deploy("v2");
    const cpuBefore = treeCpuMs(running.supervisorPid);
    const askedAt = performance.now();
    await running.restart();
    const rollMs = performance.now() - askedAt;
    const doneAt = load.mark();
    const cpu = treeCpuMs(running.supervisorPid) - cpuBefore;
    await sleep(MARGIN_MS);
    const seen = await load.stop(doneAt, "v2");
    return { bootMs, rollMs, cpuMs: cpu, ...seen, left: await running.stop() };
  } catch (error) {
    await running.stop();
    throw error;
  } finally {
    remove();
  }
}

heading(`Roll of ${workers} workers of the ${values.app} app`, [
  `medians (range) of ${repetitions} interleaved repetitions; load: ${chosenLoad.says}`,
]);
warnIfBusy();
/** @type {Map<string, Awaited<ReturnType<typeof measure>>[]>} */
const results = new Map(systems.map(({ name }) => [name, []]));
for (let repetition = 1; repetition <= repetitions; repetition += 1) {
  for (const system of systems) {
    const result = await measure(system);
    results.get(system.name)?.push(result);
    const { rollMs, errorKinds, left } = result;
    const remarks = [...errorKinds, ...(left > 0 ? [`${left} processes left after its stop`] : [])].join(
      ", ",
    );
    console.error(`${repetition}/${repetitions} ${system.name}: ${(rollMs / 1_000).toFixed(2)} s ${remarks}`);
  }
}

const rollOf = (/** @type {string} */ name) => median((results.get(name) ?? []).map((each) => each.rollMs));
const base = rollOf(systems[0]?.name ?? "");
table(
  [
    "system",
    "roll s",
    `x ${systems[0]?.name}`,
    "CPU s",
    "start s",
    "requests",
    "errors\nnew",
    "errors\nkept",
    "stale\nafter done",
  ],
  systems.map(({ name }) => {
    const runs = results.get(name) ?? [];
    const sum = (/** @type {(run: (typeof runs)[number]) => number} */ of) =>
      runs.reduce((total, run) => total + of(run), 0);
    return [
      name,
      spread(
        runs.map((run) => run.rollMs / 1_000),
        2,
      ),
      (rollOf(name) / base).toFixed(2),
      spread(
        runs.map((run) => run.cpuMs / 1_000),
        1,
      ),
      spread(
        runs.map((run) => run.bootMs / 1_000),
        2,
      ),
      sum((run) => run.requests),
      sum((run) => run.errorsNew),
      sum((run) => run.errorsKept),
      sum((run) => run.stale),
    ];
  }),
);
console.log("start: until the system says that all are ready; CPU: supervisor and workers during the roll.");
console.log("Errors and stale answers are sums over the repetitions.");
