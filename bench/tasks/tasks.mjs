// Task pools: brood against piscina, tinypool, workerpool, poolifier and jest-worker, in one run, on one or several Nodes.
// Each system runs in a process of its own, the repetitions interleaved; medians, and ratios to the peers that count.

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { run } from "../lib/child.mjs";
import { nodeBinary } from "../lib/node-binary.mjs";
import { installed } from "../lib/npm-install.mjs";
import { heading, median, table, warnIfBusy } from "../lib/report.mjs";

const { values } = parseArgs({
  options: {
    nodes: { type: "string", default: "20,24,26" },
    repetitions: { type: "string", default: "5" },
    workers: { type: "string", default: "2" },
    scale: { type: "string", default: "1" },
    only: { type: "string" },
    workloads: { type: "string", default: "burst,sustained,serial,cpu,mixed,transfer,isolate" },
  },
});
const [workers, scale, repetitions] = [
  Number(values.workers),
  Number(values.scale),
  Number(values.repetitions),
];
const names = values.workloads.split(",");
const MEASURE = fileURLToPath(new URL("measure.mjs", import.meta.url));
const THREADS = [
  "brood threads",
  "brood threads, unbatched",
  "piscina",
  "tinypool threads",
  "workerpool threads",
  "poolifier threads",
  "jest-worker threads",
];
const PROCESSES = [
  "brood processes",
  "brood processes, unbatched",
  "tinypool processes",
  "workerpool processes",
  "poolifier cluster",
  "jest-worker processes",
];
const ISOLATED = ["brood isolate fresh", "brood isolate template", "tinypool isolateWorkers"];
const systems = [...THREADS, ...PROCESSES, ...(names.includes("isolate") ? ISOLATED : [])].filter(
  (name) => values.only === undefined || new RegExp(values.only).test(name),
);
const env = {
  ...process.env,
  BENCH_PEERS: await installed("tasks"),
  BENCH_HEAVY: names.includes("isolate") ? await installed("heavy") : "",
};

warnIfBusy();
for (const version of values.nodes.split(",")) {
  const node = await nodeBinary(version);
  /** @type {Map<string, Record<string, (number | string | null)[]>>} */
  const results = new Map(systems.map((name) => [name, {}]));
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    for (const system of systems) {
      const order = JSON.stringify({ system, names, workers, scale });
      const line = (await run(node, [MEASURE, order], { env })).trim().split("\n").at(-1) ?? "{}";
      for (const [name, value] of Object.entries(JSON.parse(line))) {
        const all = results.get(system) ?? {};
        all[name] = [...(all[name] ?? []), value];
      }
    }
  }
  print(version, results);
}

function print(version, results) {
  const notes = [`Node ${version}, ${workers} workers, medians of ${repetitions}`];
  heading("Task pools", [
    ...notes,
    "burst tasks/s, the first one and for 2 s · serial us (median) · cpu share of the ideal · mixed p99 ms of the 1 ms tasks · transfer 1 MB buffers/s · isolate tasks/s",
  ]);
  const at = (system, name) => {
    const found = (results.get(system)?.[name] ?? []).filter((value) => typeof value === "number");
    return found.length === 0 ? null : median(found);
  };
  const digits = { burst: 0, sustained: 0, serial: 1, cpu: 3, mixed: 2, transfer: 0, isolate: 1 };
  table(
    ["system", ...names, "error"],
    systems.map((system) => [
      system,
      ...names.map((name) => at(system, name)?.toFixed(digits[name]) ?? "-"),
      results.get(system)?.error?.[0] ?? "",
    ]),
  );
  const best = (list, name) =>
    Math.max(...list.filter((system) => !system.startsWith("brood")).map((system) => at(system, name) ?? 0));
  const ratio = (what, mine, other, goal) => {
    const value = mine === null || other === null || other === 0 ? null : mine / other;
    return [what, value === null ? "-" : value.toFixed(2), goal];
  };
  table(
    ["ratio", "measured", "goal"],
    [
      ratio("burst, threads: brood / piscina", at("brood threads", "burst"), at("piscina", "burst"), ">= 10"),
      ratio(
        "burst, threads: brood / best peer",
        at("brood threads", "burst"),
        best(THREADS, "burst"),
        ">= 5",
      ),
      ratio(
        "burst, processes: brood / tinypool",
        at("brood processes", "burst"),
        at("tinypool processes", "burst"),
        ">= 20",
      ),
      ratio(
        "sustained, processes: brood / tinypool",
        at("brood processes", "sustained"),
        at("tinypool processes", "sustained"),
        "",
      ),
      ratio(
        "serial, threads: brood / piscina",
        at("brood threads", "serial"),
        at("piscina", "serial"),
        "<= 1.1",
      ),
      ratio("cpu, threads: share of the ideal", at("brood threads", "cpu"), 1, ">= 0.98"),
      ratio(
        "mixed, threads: p99 / unbatched",
        at("brood threads", "mixed"),
        at("brood threads, unbatched", "mixed"),
        "<= 1.1",
      ),
      ratio(
        "mixed, processes: p99 / unbatched",
        at("brood processes", "mixed"),
        at("brood processes, unbatched", "mixed"),
        "<= 1.1",
      ),
      ratio(
        "transfer: brood / piscina",
        at("brood threads", "transfer"),
        at("piscina", "transfer"),
        ">= 1.0",
      ),
      ratio(
        "isolate: brood template / tinypool",
        at("brood isolate template", "isolate"),
        at("tinypool isolateWorkers", "isolate"),
        ">= 20",
      ),
    ],
  );
}
