// The task file: what piscina loads, loaded the same way. A default export or named functions, sync or async, ES module or
// CommonJS; an export may be a promise of its function. Looked up once for each worker, so that a task costs one Map.get.

import { pathToFileURL } from "node:url";
import { PoolError } from "../errors.ts";

export type TaskHandler = (task: unknown, context: unknown) => unknown;

/** Loads the file and finds its functions by name. @throws whatever the file throws; BROOD_BOOT_FAILED without a function. */
export async function loadTaskModule(entry: string): Promise<ReadonlyMap<string, TaskHandler>> {
  const module = (await import(pathToFileURL(entry).href)) as Readonly<Record<string, unknown>>;
  const handlers = new Map<string, TaskHandler>();
  await collect(handlers, await module["default"]);
  await collect(handlers, module);
  if (handlers.size === 0) {
    throw new PoolError(
      "BROOD_BOOT_FAILED",
      `task file ${entry} exports no function: give it a default export or named functions.`,
    );
  }
  return handlers;
}

/** `export default { a, b }`, defineTasks and CommonJS put the functions into an object; a named export wins over those. */
async function collect(handlers: Map<string, TaskHandler>, exported: unknown): Promise<void> {
  if (isHandler(exported)) handlers.set("default", exported);
  if (exported === null || (typeof exported !== "object" && typeof exported !== "function")) return;
  for (const name of Object.keys(exported)) {
    const value: unknown = await Reflect.get(exported, name);
    if (isHandler(value)) handlers.set(name, value);
  }
}

function isHandler(value: unknown): value is TaskHandler {
  return typeof value === "function";
}
