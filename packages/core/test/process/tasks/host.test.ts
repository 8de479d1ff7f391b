// A pool and the program around it: an idle pool lets it end, and its death leaves no worker behind.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { gone, within } from "../support.ts";
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
});
