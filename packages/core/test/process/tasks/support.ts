// Pools in tests: made with logs that are printed on failure, closed when the test ends.
import {
  createTaskPool,
  formatLine,
  type Logger,
  type PoolError,
  type TaskPool,
  type TaskPoolOptions,
} from "@brood/core";
import { expect, onTestFailed, onTestFinished } from "vitest";
import { within } from "../support.ts";

export const TASKS = new URL("fixtures/tasks.mjs", import.meta.url);

export type Runtime = "worker_threads" | "child_process";
export const RUNTIMES: readonly Runtime[] = ["worker_threads", "child_process"];

export function pool<Tasks = unknown>(options: Partial<TaskPoolOptions> = {}): TaskPool<Tasks> {
  const lines: string[] = [];
  const log = (level: string) => (message: string, fields?: Parameters<Logger["info"]>[1]) =>
    void lines.push(`${level} ${formatLine(message, fields)}`);
  const logger: Logger = { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
  const made = createTaskPool<Tasks>({ filename: TASKS, minWorkers: 1, maxWorkers: 1, logger, ...options });
  onTestFailed(() => console.log(lines.join("\n")));
  onTestFinished(async () => within("destroy", made.destroy()));
  return made;
}

/** The error a promise is refused with. */
export async function refusal(promise: Promise<unknown>): Promise<PoolError> {
  const settled = await within(
    "a settled task",
    promise.then(
      (value) => ({ value, error: null }),
      (error: unknown) => ({ value: null, error }),
    ),
  );
  if (settled.error === null) throw new Error(`it resolved with ${JSON.stringify(settled.value)}`);
  expect(settled.error).toBeInstanceOf(Error);
  return settled.error as PoolError;
}
