// Which file `node <path>` runs: the file itself; else the path with an extension; else, of a folder, the `main` of its
// package.json, or its index. Not by `require.resolve`, which remembers what it found: a restart must follow a symlink that has
// moved since.

import { readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

/** As Node tries them, in this order. */
const EXTENSIONS = [".js", ".json", ".node"];

/** @param path  absolute. @returns null when there is none */
export function entryFile(path: string): string | null {
  if (isFile(path)) return path;
  return withExtension(path) ?? mainOf(path) ?? withExtension(join(path, "index"));
}

function mainOf(folder: string): string | null {
  const main = mainField(join(folder, "package.json"));
  if (main === null) return null;
  const path = resolve(folder, main);
  if (isFile(path)) return path;
  return withExtension(path) ?? withExtension(join(path, "index"));
}

function mainField(manifest: string): string | null {
  try {
    const { main }: { readonly main?: unknown } = JSON.parse(readFileSync(manifest, "utf8"));
    return typeof main === "string" && main !== "" ? main : null;
  } catch {
    return null;
  }
}

function withExtension(path: string): string | null {
  return EXTENSIONS.map((extension) => path + extension).find(isFile) ?? null;
}

function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    // A file on the way to it (ENOTDIR), a loop of symlinks: what asks for it says why.
    return false;
  }
}
