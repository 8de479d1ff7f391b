// A fingerprint of the code under a release's folder: cheap enough to take in every worker that boots, so that a worker
// can tell that it found other files than its generation pinned. Names, sizes and modification times of code files are
// hashed, not their contents: reading all of them would cost more than the whole boot. node_modules and dot folders are
// left out (a package manager replaces folders, and its lock file is beside package.json).

import { createHash } from "node:crypto";
import { type Dirent, promises as fs } from "node:fs";
import { extname, join, relative } from "node:path";

const CODE = new Set([
  ".js",
  ".mjs",
  ".cjs",
  ".ts",
  ".mts",
  ".cts",
  ".json",
  ".node",
  ".wasm",
  ".lock",
  ".yaml",
]);

/** So many files are looked at, in name order: a release is rarely larger, and a home folder must not be walked. */
const FILES_MAX = 2_000;
const DEPTH_MAX = 8;

/** 16 hexadecimal digits. Unreadable folders count as empty. */
export async function fingerprintOf(root: string, entry: string): Promise<string> {
  const files: string[] = [];
  await collect(root, DEPTH_MAX, files);
  if (!files.includes(entry)) files.push(entry);
  const lines = await Promise.all(files.map((file) => describe(root, file)));
  const hash = createHash("sha256");
  for (const line of lines) hash.update(line);
  return hash.digest("hex").slice(0, 16);
}

async function collect(folder: string, depth: number, files: string[]): Promise<void> {
  const entries = await fs.readdir(folder, { withFileTypes: true }).catch((): Dirent[] => []);
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (files.length >= FILES_MAX) return;
    if (entry.name === "node_modules" || entry.name.startsWith(".")) continue;
    // Read by the supervisor alone, and kept with the generation as what was read.
    if (entry.name.startsWith("brood.config.")) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory() && depth > 0) await collect(path, depth - 1, files);
    else if (entry.isFile() && CODE.has(extname(entry.name))) files.push(path);
  }
}

async function describe(root: string, file: string): Promise<string> {
  const stat = await fs.stat(file).catch(() => null);
  return `${relative(root, file)}\0${stat?.size}\0${stat?.mtimeMs}\n`;
}
