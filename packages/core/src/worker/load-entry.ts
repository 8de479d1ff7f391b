// Loads the release's entry the way `node <entry>` does: CommonJS as the main module (`require.main`, `process.mainModule`,
// `module.parent`), an ES module with `import.meta.main`. The text of the entry decides nothing here.
// From Node 24 on by Node's own function for this, Module.runMain (undocumented, but Node itself looks it up for each worker
// thread, and preloads replace it), so that Node decides what the file is. It gives no exports: those of CommonJS are the main
// module's, those of an ES module come from an import of the same URL, which joins the load under way. Before Node 24 nobody
// can tell when that is under way, and there is no `import.meta.main`: there the rule of extension and package.json, which
// is Node's, chooses between the two loaders.
// An entry that fails is left to Node, which prints what it prints for the script alone: file, line, caret, cause.

import { tracingChannel } from "node:diagnostics_channel";
import Module from "node:module";
import { dirname, extname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { PoolError } from "../errors.ts";
import { nearestManifest } from "../release/manifest.ts";

/** Preloads have run by then. A tool that replaces runMain may load the entry without an import. */
const IMPORT_BEGINS_MS = 2_000;

type Exports = Readonly<Record<string, unknown>>;

const HAS_RUN_MAIN = Number(process.versions.node.split(".")[0]) >= 24;

/** @returns the exports; of CommonJS `module.exports` as `default`
 *  @throws PoolError as it is. Any other error is reported by Node as an uncaught one, which ends the process, unless the
 *    application handles uncaught errors itself: then this rejects with it. */
export async function loadEntry(entry: string): Promise<Exports> {
  process.argv[1] = entry;
  try {
    if (HAS_RUN_MAIN) await runAsMain(entry);
    else if (await isCommonJs(entry)) callModule("_load", entry, null, true);
    return mainExports(entry) ?? (await importEntry(entry));
  } catch (error) {
    throw await reportedByNode(error);
  }
}

/** Settles when Node has begun to load it: a CommonJS entry has been evaluated then. With preloads and loaders this comes later
 *  than the call, and an import before it would make the module one that is not main. */
async function runAsMain(entry: string): Promise<void> {
  const { start } = tracingChannel("module.import");
  const url = pathToFileURL(entry).href;
  const begun = new AbortController();
  const look = (message: unknown): void => {
    // A string, or a URL (Node 24).
    if (typeof message === "object" && message !== null && String(Reflect.get(message, "url")) === url)
      begun.abort();
  };
  start.subscribe(look);
  try {
    callModule("runMain", entry);
    if (mainExports(entry) === null) await abortedWithin(begun.signal, IMPORT_BEGINS_MS);
  } finally {
    start.unsubscribe(look);
  }
}

function callModule(name: "runMain" | "_load", ...parameters: readonly unknown[]): void {
  const method: unknown = Reflect.get(Module, name);
  if (typeof method !== "function") throw new TypeError(`this Node has no Module.${name}`);
  Reflect.apply(method, Module, parameters);
}

async function abortedWithin(signal: AbortSignal, limitMs: number): Promise<void> {
  if (!signal.aborted) await delay(limitMs, undefined, { signal }).catch(() => {});
}

async function isCommonJs(entry: string): Promise<boolean> {
  const extension = extname(entry);
  if (extension === ".mjs" || extension === ".mts") return false;
  return (
    extension === ".cjs" || extension === ".cts" || (await nearestManifest(dirname(entry)))?.type !== "module"
  );
}

function mainExports(entry: string): Exports | null {
  const main = process.mainModule;
  return main?.filename === entry ? { default: main.exports } : null;
}

async function importEntry(entry: string): Promise<Exports> {
  const exports: Exports = await import(pathToFileURL(entry).href);
  return mainExports(entry) ?? exports;
}

/** Gives Node the time to report it and to end. */
async function reportedByNode(error: unknown): Promise<unknown> {
  if (error instanceof PoolError) return error;
  void Promise.reject(error);
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  return error;
}
