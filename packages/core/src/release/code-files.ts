// Which files are the release: its code, and what says which packages it runs with. Data is no code: what an application
// writes beside it (JSON, logs, uploads) must neither look like a new release nor keep an old one from coming back. So
// code is what Node loads as code, by extension, in the package of the entry, with its package.json and lock file; JSON is
// not, also where code imports it, since files that are imported and written again look the same. Left out: node_modules,
// dot folders, symlinked folders (what is shared by releases lies behind them), other packages (a folder with a named
// package.json, unless the package has workspaces), and at the root `logs`, `tmp` and `uploads`.
// Where there is no package, or it is a place that is shared (/, the home folder, the temporary one), only what the entry
// imports by relative paths counts: whatever else lies there is not ours.

import { type Dir, promises as fs } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, extname, join, relative } from "node:path";
import { importedFiles } from "./imported-files.ts";
import { type Manifest, nearestManifest, readManifest } from "./manifest.ts";

const CODE = new Set([".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".node", ".wasm"]);

const LOCK_FILES = [
  "package-lock.json",
  "npm-shrinkwrap.json",
  "yarn.lock",
  "pnpm-lock.yaml",
  "bun.lock",
  "bun.lockb",
];

/** At a release's root these hold what an application writes. Deeper, a folder of such a name may be code. */
const DATA_AT_ROOT = ["logs", "tmp", "uploads"];

/** More code than any release has, and half a second to read it. */
const FILES_MAX = 5_000;
/** Names that are looked at: data beside the code may be without end. */
const NAMES_MAX = 50_000;
/** Lock files of a workspace lie this far above its packages at the most. */
const LEVELS_MAX = 6;

export interface CodeFiles {
  /** Paths are told relative to it. */
  readonly root: string;
  /** Absolute, sorted. */
  readonly files: readonly string[];
  /** By which of them a worker knows the release: entry, package.json, lock file. */
  readonly marks: readonly string[];
  readonly isTruncated: boolean;
  readonly version: string | null;
}

/** @param entry  a real path */
export async function codeFilesOf(entry: string): Promise<CodeFiles> {
  const manifest = await nearestManifest(dirname(entry));
  const version = manifest?.version ?? null;
  if (manifest === null || isShared(manifest.folder)) {
    const found = await importedFiles(entry, FILES_MAX);
    return {
      root: dirname(entry),
      files: sorted(found.files),
      marks: [entry],
      isTruncated: found.isTruncated,
      version,
    };
  }
  const { files, isTruncated } = await walk(manifest);
  const lockFile = await nearestLockFile(manifest.folder);
  const marks = [entry, join(manifest.folder, "package.json"), ...(lockFile === null ? [] : [lockFile])];
  return { root: manifest.folder, files: sorted([...files, ...marks]), marks, isTruncated, version };
}

function sorted(files: readonly string[]): readonly string[] {
  return [...new Set(files)].sort();
}

/** A folder that is not one application's: walking it would take everybody's files for the release. */
function isShared(folder: string): boolean {
  return [homedir(), tmpdir()].some((each) => !relative(folder, each).startsWith(".."));
}

/** Folder by folder, the upper ones first: should it be too much, what is deep is left out. */
async function walk(
  manifest: Manifest,
): Promise<{ readonly files: string[]; readonly isTruncated: boolean }> {
  const files: string[] = [];
  const folders = [manifest.folder];
  let names = 0;
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    const isRoot = folder === manifest.folder;
    if (!isRoot && !manifest.hasWorkspaces && (await readManifest(folder))?.name !== undefined) continue;
    for await (const entry of await entriesOf(folder)) {
      names += 1;
      if (names > NAMES_MAX || files.length > FILES_MAX)
        return { files: files.slice(0, FILES_MAX), isTruncated: true };
      const { name } = entry;
      // The configuration is read by the supervisor alone, and kept with the generation as what was read.
      if (name.startsWith(".") || name === "node_modules" || name.startsWith("brood.config.")) continue;
      const path = join(folder, name);
      if (entry.isDirectory() && !(isRoot && DATA_AT_ROOT.includes(name))) folders.push(path);
      else if (!entry.isDirectory() && CODE.has(extname(name)) && (await isFile(path, entry)))
        files.push(path);
    }
  }
  return { files, isTruncated: false };
}

/** A link to a file counts as what it leads to. */
async function isFile(
  path: string,
  entry: { isFile(): boolean; isSymbolicLink(): boolean },
): Promise<boolean> {
  if (entry.isFile()) return true;
  return entry.isSymbolicLink() && ((await fs.stat(path).catch(() => null))?.isFile() ?? false);
}

/** One that must not be read counts as empty. */
async function entriesOf(folder: string): Promise<Dir | readonly never[]> {
  return fs.opendir(folder, { bufferSize: 1_024 }).catch(() => []);
}

/** In the package's folder, or in that of the workspace it belongs to. */
async function nearestLockFile(folder: string): Promise<string | null> {
  let at = folder;
  for (let level = 0; level < LEVELS_MAX && !isShared(at); level += 1, at = dirname(at)) {
    for (const name of LOCK_FILES) {
      const path = join(at, name);
      if ((await fs.stat(path).catch(() => null))?.isFile() === true) return path;
    }
  }
  return null;
}
