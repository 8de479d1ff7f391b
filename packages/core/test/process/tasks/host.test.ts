// A pool and the program around it: an idle pool lets it end, and its death leaves no worker behind.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { folder, gone, within } from "../support.ts";
import { TASKS } from "./support.ts";

const CORE = fileURLToPath(new URL("../../../dist/index.js", import.meta.url));

function host(options: object, then: string): ChildProcess {
  const source = `
    import { createTaskPool } from ${JSON.stringify(CORE)};
    const pool = createTaskPool({ filename: ${JSON.stringify(TASKS.href)}, minWorkers: 2, maxWorkers: 2, ...${JSON.stringify(options)} });
    await pool.ready();
    await pool.run(1);
    console.log(pool.stats().workers.map(({ pid }) => pid).join(" "));
    ${then}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

const FRESH = [{ runtime: "worker_threads" }, { runtime: "child_process" }];

describe("a program with a pool", () => {
  it.each(FRESH)("of %o ends by itself when nothing is awaited", async (options) => {
    const child = host(options, "");
    const [exitCode] = await within("its end", once(child, "exit"));
    expect(exitCode).toBe(0);
  });

  it.each([...FRESH, { runtime: "child_process", spawn: "template" }])(
    "of %o that is killed leaves no worker",
    async (options) => {
      const child = host(options, "setInterval(() => {}, 1000);");
      const [printed] = await within("its workers", once(child.stdout ?? child, "data"));
      const pids = String(printed).trim().split(" ").map(Number);
      expect(pids).toHaveLength(2);
      child.kill("SIGKILL");
      for (const pid of pids) await gone(pid);
    },
  );

  it.each([
    ...FRESH,
    { runtime: "child_process", isolate: true },
    { runtime: "child_process", spawn: "template" },
    { runtime: "child_process", spawn: "template", isolate: true },
  ])("of %o that is killed while its tasks spin for ever leaves nothing within 5 s", async (options) => {
    const path = await folder();
    const child = host(
      options,
      `for (const id of [0, 1]) pool.run([${JSON.stringify(path)}, id], { name: "spinForEver" });`,
    );
    const pids = new Set(await within("both spin", untilBothSpin(path)));
    if (child.pid !== undefined) pids.add(child.pid);
    if (child.pid !== undefined) for (const pid of childrenOf(child.pid)) pids.add(pid);
    child.kill("SIGKILL");
    const killedAtMs = performance.now();
    for (const pid of pids) await gone(pid);
    // 5 s, and a starved machine's share.
    expect(performance.now() - killedAtMs).toBeLessThan(6_000);
  });
});

/** Each task leaves a file of its id that holds its process's pid. */
async function untilBothSpin(path: string): Promise<number[]> {
  for (;;) {
    const files = readdirSync(path);
    if (files.length === 2) return files.map((file) => Number(readFileSync(`${path}/${file}`, "utf8")));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Its template among them. */
function childrenOf(pid: number): number[] {
  const listed = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return listed.trim().split(" ").filter(Boolean).map(Number);
}
