// A server's name when nobody gave one: it makes the control socket's path, so `brood status` in the same folder must
// come to the same name as `brood server.js` did. Rule: from the working directory if the entry lies in it, else from
// the entry's folder; there the `name` of the nearest package.json (without its scope), else the folder's name.

import { readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";

/** As long as a name may be. */
const NAME_LENGTH_MAX = 64;

export function defaultName(cwd: string, entry?: string): string {
  const start = entry === undefined || isInside(cwd, entry) ? cwd : dirname(resolve(cwd, entry));
  return cleanName(packageName(start) ?? basename(start));
}

/** Makes a name of any text: `@acme/My App` -> `My-App`. */
export function cleanName(text: string): string {
  const bare = text.replace(/^@[^/]*\//, "");
  const clean = bare.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[.-]+|-+$/g, "");
  return clean.slice(0, NAME_LENGTH_MAX) || "app";
}

function isInside(cwd: string, entry: string): boolean {
  const path = relative(cwd, resolve(cwd, entry));
  return !path.startsWith("..") && !path.startsWith("/");
}

function packageName(start: string): string | null {
  for (let folder = start; ; folder = dirname(folder)) {
    const name = nameIn(join(folder, "package.json"));
    if (name !== undefined) return name;
    if (folder === dirname(folder)) return null;
  }
}

/** undefined: no such file, look further up. null: a file without a usable name. */
function nameIn(path: string): string | null | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  try {
    const manifest: unknown = JSON.parse(text);
    if (typeof manifest !== "object" || manifest === null || !("name" in manifest)) return null;
    return typeof manifest.name === "string" && manifest.name !== "" ? manifest.name : null;
  } catch {
    return null;
  }
}
