// Pools of a host that has changed its user: its /proc is closed to its own workers, so that what they share has to be given to
// them as a descriptor. Skipped where the tests may not change their user.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { skipReason } from "../native/support.ts";
import { folder, within } from "../support.ts";

const CORE = new URL("../../../dist/index.js", import.meta.url).href;
/** nobody */
const USER = 65_534;

it.skipIf(skipReason !== null || process.getuid?.() !== 0)(
  "a host without privileges has pools of processes and templates that know what each dead worker had begun",
  async () => {
    const path = await folder({
      "tasks.mjs": `export default (value) => value * 2;
export const die = () => process.kill(process.pid, "SIGKILL");`,
      "host.mjs": `import { createTaskPool } from ${JSON.stringify(CORE)};
process.setgid(${USER});
process.setuid(${USER});
const ends = [];
for (const spawn of ["fresh", "template"]) {
  const filename = new URL("./tasks.mjs", import.meta.url);
  const pool = createTaskPool({ filename, runtime: "child_process", spawn, minWorkers: 1, maxWorkers: 1 });
  const runs = [pool.run(21), pool.run(null, { name: "die" }), pool.run(4), pool.run(5)];
  for (const run of await Promise.allSettled(runs)) ends.push(run.value ?? run.reason.code);
  await pool.destroy();
}
console.log(JSON.stringify(ends));`,
    });
    await chmod(path, 0o755);
    const host = spawn(process.execPath, [join(path, "host.mjs")], {
      cwd: "/",
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void host.kill("SIGKILL"));
    const [line] = await within("the host", once(host.stdout, "data"));
    const ends = [42, "BROOD_WORKER_EXITED", 8, 10];
    expect(JSON.parse(String(line))).toEqual([...ends, ...ends]);
  },
);
