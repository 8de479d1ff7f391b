// Reads an entry's exports: its application (the default export) and its hooks. A hook may be a named export or a
// property of the default export, so that `module.exports = app; app.onWorkerBoot = ...` works as well.
// In CommonJS `module.exports` is always there, also when the script exports nothing.

import type { WorkerContext } from "@brood/core/worker";

export type Hook = (context: WorkerContext) => unknown;

export interface EntryExports {
  /** The default export; undefined when the entry has none. */
  readonly app: unknown;
  /** Of everything that is exported, for messages. */
  readonly names: readonly string[];
  readonly warmup: Hook | undefined;
  /** Called in a template only, before it is looked at and forked. */
  readonly beforeFork: Hook | undefined;
  readonly onWorkerBoot: Hook | undefined;
  readonly onWorkerShutdown: Hook | undefined;
  /** Unfit when it throws, rejects or gives false. */
  readonly healthCheck: Hook | undefined;
}

/** @param exported what `loadEntry` settled with */
export function readEntryExports(exported: Readonly<Record<string, unknown>>): EntryExports {
  const whole = exported["default"];
  const isNamed = whole === undefined && typeof exported["fetch"] === "function";
  const app = isTranspiled(whole) ? Reflect.get(whole, "default") : isNamed ? exported : whole;
  const places = [exported, whole, app];
  return {
    app: isEmpty(app) ? undefined : app,
    names: namesOf(exported, whole),
    warmup: hookIn(places, "warmup"),
    beforeFork: hookIn(places, "beforeFork"),
    onWorkerBoot: hookIn(places, "onWorkerBoot"),
    onWorkerShutdown: hookIn(places, "onWorkerShutdown"),
    healthCheck: hookIn(places, "healthCheck"),
  };
}

/** What a CommonJS script that exports nothing has. */
function isEmpty(value: unknown): boolean {
  const isPlain =
    typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return isPlain && Reflect.ownKeys(value).length === 0;
}

function namesOf(exported: Readonly<Record<string, unknown>>, whole: unknown): readonly string[] {
  const named = Object.keys(exported).filter((name) => name !== "default");
  const isObject = typeof whole === "object" && whole !== null;
  return isObject ? [...new Set([...named, ...Object.keys(whole)])] : named;
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
