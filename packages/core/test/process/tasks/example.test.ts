// The example is what people copy.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { within } from "../support.ts";

it("example tasks runs to its end by itself", async () => {
  const cwd = fileURLToPath(new URL("../../../../../examples/tasks", import.meta.url));
  const { stdout } = await within("the example", promisify(execFile)(process.execPath, ["main.js"], { cwd }));
  expect(stdout.split("\n")).toEqual([
    "primes below 100000: 9592",
    "sum of three counts: 901",
    "a task that takes too long: BROOD_TASK_TIMEOUT",
    "a worker that exits: BROOD_WORKER_EXITED, exit code 1",
    "restart completed: generation 2, a task that ran meanwhile gave 100",
    "",
  ]);
});
