// One system, one process: warms the pool up, runs the workloads, prints one line of JSON. Started by tasks.mjs.

import { ISOLATED, SYSTEMS } from "./systems.mjs";
import { burst, cpu, isolate, mixed, serial, sustained, transfer } from "./workloads.mjs";

const WORKLOADS = { burst, sustained, serial, cpu, mixed, transfer, isolate };

const { system, names, workers, scale } = JSON.parse(process.argv[2] ?? "{}");
const isIsolated = system in ISOLATED;
const results = {};
/** A pool that hangs must not hang the bench. */
const WATCHDOG_MS = 120_000;
setTimeout(() => {
  console.log(JSON.stringify({ ...results, error: `hung for ${WATCHDOG_MS / 1_000} s` }));
  process.exit(0);
}, WATCHDOG_MS).unref();
try {
  const pool = await (isIsolated ? ISOLATED : SYSTEMS)[system](workers);
  if (!isIsolated) await Promise.all(Array.from({ length: 5_000 }, (_, index) => pool.run("noop", index)));
  for (const name of names) {
    if ((name === "isolate") === isIsolated)
      results[name] = await WORKLOADS[name](pool, { workers, scale, system });
  }
  await pool.destroy();
} catch (error) {
  results.error = error.code ?? error.message;
}
console.log(JSON.stringify(results));
process.exit(0);
