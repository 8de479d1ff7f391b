// No orphan, whatever a worker does: one host with a worker in each predicament is killed with SIGKILL, and all of them are gone
// within 5 s. What they do then they have written down first, with their pid. Without the addon: see docs/guarantees.md.

import { spawn } from "node:child_process";
import { promises as fs } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { skipReason } from "./native/support.ts";
import { folder, gone, within } from "./support.ts";

const CORE = new URL("../../dist/index.js", import.meta.url).href;

/** The supervisor's death is its workers' within so long. */
const BOUND_MS = 5_000;

/** kind: what it is · when: module code, boot, or later · how: what it does for ever */
const PREDICAMENTS = [
  ...[
    "preload:spin",
    "module:spin",
    "module:wait",
    "module:exec",
    "module:stop",
    "ready:spin",
    "ready:exec",
    "ready:stop",
  ].map((each) => `fresh:${each}`),
  ...["module:spin", "module:stop", "boot:spin", "ready:wait", "ready:stop"].map(
    (each) => `template:${each}`,
  ),
  "lost-template:ready:stop",
  ...["module:spin", "module:stop", "task:spin", "task:stop"].map((each) => `pool:${each}`),
  ...["module:stop", "task:exec"].map((each) => `template-pool:${each}`),
];

const FILES = {
  "hold.mjs": `import { execFileSync } from "node:child_process";
import { appendFileSync } from "node:fs";
const { HOLD, HELD } = process.env;
export function hold(at) {
  const [, when, how] = HOLD.split(":");
  if (when !== at) return;
  appendFileSync(HELD, HOLD + " " + process.pid + "\\n");
  if (how === "spin") for (;;);
  if (how === "wait") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  if (how === "exec") execFileSync("sh", ["-c", "while kill -0 $PPID; do sleep 0.1; done"], { stdio: "ignore" });
  if (how === "stop") process.kill(process.pid, "SIGSTOP");
}`,
  "preload.mjs": `import { hold } from "./hold.mjs";
hold("preload");`,
  "app.mjs": `import { hold } from "./hold.mjs";
hold("module");
export default () => { hold("boot"); return { message: () => hold("ready") }; };`,
  "tasks.mjs": `import { hold } from "./hold.mjs";
hold("module");
export default () => hold("task");`,
  "host.mjs": `import { createService, createTaskPool } from ${JSON.stringify(CORE)};
const [held, ...predicaments] = process.argv.slice(2);
for (const hold of predicaments) {
  const [kind, when] = hold.split(":");
  const spawn = kind.includes("template") ? "template" : "fresh";
  const env = { ...process.env, HOLD: hold, HELD: held };
  const name = hold.replaceAll(":", "-");
  const common = { spawn, env, heartbeatTimeoutMs: 60_000, bootTimeoutMs: 60_000 };
  if (kind.includes("pool")) {
    const filename = new URL("./tasks.mjs", import.meta.url);
    const pool = createTaskPool({ ...common, poolName: name, filename, runtime: "child_process", minWorkers: 1, maxWorkers: 1 });
    pool.run(null).catch((error) => console.error(hold, error));
    continue;
  }
  const execArgv = when === "preload" ? ["--import", "./preload.mjs"] : [];
  const service = createService({ ...common, name, compileCache: false, entry: new URL("./app.mjs", import.meta.url), workers: 1, execArgv });
  service.on("error", (error) => console.error(hold, error));
  service.start().then(() => {
    const [{ worker }] = service.stats().workers;
    if (kind !== "lost-template") return service.post(worker, "now");
    service.once("template:exited", () => service.post(worker, "now"));
    process.kill(service.stats().template.pid, "SIGKILL");
  }, (error) => console.error(hold, error));
}
setInterval(() => {}, 1_000);`,
};

describe.skipIf(skipReason !== null)("a supervisor that is killed", () => {
  it("F50: leaves no process behind, whatever its workers, templates and pools are doing", async () => {
    const path = await folder(FILES);
    const held = join(path, "held");
    await fs.writeFile(held, "");
    const host = spawn(process.execPath, [join(path, "host.mjs"), held, ...PREDICAMENTS], {
      cwd: path,
      stdio: ["ignore", "inherit", "inherit"],
    });
    onTestFinished(() => void host.kill("SIGKILL"));
    const hostEnded = new Promise<never>((_, reject) =>
      host.once("exit", () => reject(new Error("the host ended"))),
    );
    const pids = await within(
      "every worker in its predicament",
      Promise.race([allHeld(held), hostEnded]),
      60_000,
    );
    onTestFinished(() => pids.forEach(end));
    hostEnded.catch(() => {});
    host.kill("SIGKILL");
    const killedAtMs = performance.now();
    const left = await Promise.allSettled([...pids].map(([, pid]) => gone(pid, BOUND_MS + 1_000)));
    expect([...pids.keys()].filter((_, index) => left[index]?.status === "rejected")).toEqual([]);
    expect(performance.now() - killedAtMs).toBeLessThan(BOUND_MS + 1_000);
  }, 90_000);
});

async function allHeld(file: string): Promise<Map<string, number>> {
  for (;;) {
    const lines = (await fs.readFile(file, "utf8")).split("\n").filter((line) => line !== "");
    const pids = new Map(
      lines.map((line) => [line.split(" ")[0] ?? "", Number(line.split(" ")[1])] as const),
    );
    if (PREDICAMENTS.every((each) => pids.has(each))) return pids;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has gone, as it should.
  }
}
