// Loads the release's entry as Node would have run it: `process.argv[1]` names it, and a CommonJS script that asks
// `require.main === module` gets yes. Such scripts are loaded by Module._load(…, isMain) (undocumented, but what PM2 and
// ts-node rely on); everything else by import(), the documented way.

import { promises as fs } from "node:fs";
import Module from "node:module";
import { pathToFileURL } from "node:url";

export async function loadEntry(entry: string): Promise<Readonly<Record<string, unknown>>> {
  process.argv[1] = entry;
  if (/\.[cm]?js$/.test(entry) && (await asksForMain(entry))) {
    const load: unknown = Reflect.get(Module, "_load");
    if (typeof load === "function") return { default: Reflect.apply(load, Module, [entry, null, true]) };
  }
  return (await import(pathToFileURL(entry).href)) as Record<string, unknown>;
}

async function asksForMain(entry: string): Promise<boolean> {
  return /\brequire\.main\b/.test(await fs.readFile(entry, "utf8"));
}
