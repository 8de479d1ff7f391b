// From spawn to ready: what does a Brood worker add to the boot of the same script in a plain child_process.fork?
// Brood's figure is its own `readyAfterMs` (spawn to ready, seen from the supervisor) of the one worker of a server
// after each restart; the fork's is from fork() to the `listening` event, seen from its parent. One at a time, by turns.

import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { makeApp } from "./lib/app.mjs";
import { temporaryFolder } from "./lib/child.mjs";
import { heading, median, spread, table, warnIfBusy } from "./lib/report.mjs";
import { start as startBrood, status } from "./systems/brood.mjs";

const { values } = parseArgs({
  options: {
    repetitions: { type: "string", default: "10" },
    apps: { type: "string", default: "trivial,heavy" },
    brood: { type: "boolean", default: true },
  },
  allowNegative: true,
});
const repetitions = Number(values.repetitions);
const HOOK = join(import.meta.dirname, "lib/report-listening.cjs");

/** @param {string} entry */
async function forkOnce(entry) {
  const from = performance.now();
  const child = fork(entry, { execArgv: ["--require", HOOK], env: { ...process.env, PORT: "0" } });
  await once(child, "message");
  const took = performance.now() - from;
  child.kill("SIGKILL");
  await once(child, "exit");
  return took;
}

/** @param {import("./lib/app.mjs").App} app @param {string} folder */
async function measure(app, folder) {
  const forks = [];
  const ready = [];
  const from = performance.now();
  const brood = values.brood ? await startBrood(app, 1, { folder }) : undefined;
  const startMs = performance.now() - from;
  try {
    await forkOnce(app.entry);
    for (let repetition = 0; repetition < repetitions; repetition += 1) {
      forks.push(await forkOnce(app.entry));
      if (brood === undefined) continue;
      await brood.restart();
      const { workers } = await status(folder);
      ready.push(workers[0].readyAfterMs);
    }
  } finally {
    await brood?.stop();
  }
  return { forks, ready, startMs };
}

heading("Spawn to ready", [`medians (range) of ${repetitions} of each, by turns`]);
warnIfBusy();
const rows = [];
for (const name of values.apps.split(",")) {
  const { folder, remove } = temporaryFolder();
  try {
    const own = join(folder, "system");
    mkdirSync(own);
    const app = await makeApp(/** @type {"heavy" | "trivial"} */ (name), join(folder, "app"));
    const { forks, ready, startMs } = await measure(app, own);
    const none = ready.length === 0;
    rows.push([
      name,
      spread(forks, 0),
      none ? "-" : spread(ready, 0),
      none ? "-" : (median(ready) / median(forks)).toFixed(2),
      none ? "-" : (median(ready) - median(forks)).toFixed(0),
      none ? "-" : startMs.toFixed(0),
    ]);
  } finally {
    remove();
  }
}
table(
  ["app", "fork ms", "brood worker ms", "brood / fork", "added ms", "`brood start` to ready line ms"],
  rows,
);
