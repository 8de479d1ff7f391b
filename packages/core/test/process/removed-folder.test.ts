// A host program whose own working directory has been removed: Node starts no thread then, and that is what is said.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";

const CORE = new URL("../../dist/index.js", import.meta.url).href;

/** Prints the reason with which a service's restart and a task pool's start failed. */
const PROGRAM = `import { rmSync } from "node:fs";
import { createService, createTaskPool } from ${JSON.stringify(CORE)};
const [entry, folder] = process.argv.slice(2);
const common = { workers: 1, runtime: "thread", minHealthyMs: 0 };
const service = createService({ name: "host", entry, cwd: folder, ...common });
await service.start();
rmSync(process.cwd(), { recursive: true });
const { reason } = await service.restart();
const pool = createTaskPool({ filename: entry, maxWorkers: 1 });
pool.on("error", () => {});
const failure = await pool.run(null).then(() => ({ message: "it ran" }), (error) => error);
console.log(JSON.stringify([reason?.message, failure.message]));
await Promise.all([service.stop({ now: true }), pool.destroy()]);
`;

it("a thread is refused with the one thing to do, in a service and in a pool", async () => {
  const root = mkdtempSync(join(tmpdir(), "brood-removed-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "own"));
  writeFileSync(join(root, "entry.mjs"), "export default () => 1;\n");
  writeFileSync(join(root, "program.mjs"), PROGRAM);
  const args = [join(root, "program.mjs"), join(root, "entry.mjs"), root];
  const child = spawn(process.execPath, args, { cwd: join(root, "own"), timeout: 20_000 });
  let output = "";
  let log = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  await once(child, "close");
  expect(output, log).toMatch(/^\[.*\]\n$/);
  const [restart, pool] = JSON.parse(output);
  expect(restart).toMatch(
    /the working directory of this process has been removed.* Call process\.chdir\(\) with a folder that exists\.$/,
  );
  expect(pool).toMatch(/^working directory \S+\/own: .* start in one that exists\.$/);
});
