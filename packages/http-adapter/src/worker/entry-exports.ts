// Reads an entry's exports: its application (the default export) and its hooks. A hook may be a named export or a
// property of the default export, so that `module.exports = app; app.onWorkerBoot = ...` works as well.
// CommonJS is what makes this a module of its own: imported, `module.exports` is always there as the default,
// also when the script exports nothing or only hooks. So a plain object of a CommonJS entry that is no
// application says nothing, while `export default {...}` of an ES module is a mistake worth an error.

import { createRequire } from "node:module";
import type { WorkerContext } from "@brood/core/worker";

export type Hook = (context: WorkerContext) => unknown;

export interface EntryExports {
  /** The default export; undefined when the entry has none. */
  readonly app: unknown;
  /** There may be a plain object in `app` although nobody meant it as an application. */
  readonly isCommonJs: boolean;
  readonly warmup: Hook | undefined;
  /** Called in a template only, before it is looked at and forked. */
  readonly beforeFork: Hook | undefined;
  readonly onWorkerBoot: Hook | undefined;
  readonly onWorkerShutdown: Hook | undefined;
  /** Unfit when it throws, rejects or gives false. */
  readonly healthCheck: Hook | undefined;
}

/** @param exported what `loadEntry` settled with  @param isCommonJs see `isCommonJsFile` */
export function readEntryExports(
  exported: Readonly<Record<string, unknown>>,
  isCommonJs: boolean,
): EntryExports {
  const whole = exported["default"];
  const app = isTranspiled(whole) ? Reflect.get(whole, "default") : whole;
  const places = [exported, whole, app];
  return {
    app,
    isCommonJs,
    warmup: hookIn(places, "warmup"),
    beforeFork: hookIn(places, "beforeFork"),
    onWorkerBoot: hookIn(places, "onWorkerBoot"),
    onWorkerShutdown: hookIn(places, "onWorkerShutdown"),
    healthCheck: hookIn(places, "healthCheck"),
  };
}

/** Whether these are the exports of a CommonJS file. An ES module that Node knew by its syntax alone is in the cache of
 *  `require` as well, empty. */
export function isCommonJsFile(file: string, exported: Readonly<Record<string, unknown>>): boolean {
  const cached = createRequire(import.meta.url).cache[file];
  return cached !== undefined && cached.exports === exported["default"];
}

/** An ES module compiled to CommonJS by TypeScript or Babel: its default is one level further down. */
function isTranspiled(value: unknown): value is object {
  return isHolder(value) && Reflect.get(value, "__esModule") === true;
}

function hookIn(places: readonly unknown[], name: string): Hook | undefined {
  for (const place of places) {
    const hook = isHolder(place) ? Reflect.get(place, name) : undefined;
    if (typeof hook === "function") return (context) => Reflect.apply(hook, place, [context]);
  }
  return undefined;
}

function isHolder(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}
