// Where a release lies: realpath once, of entry and working directory together, so that a `current` symlink that moves later
// cannot change what a generation's respawns load, nor where (SCENARIOS A10).

import { promises as fs } from "node:fs";
import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { PoolError } from "../errors.ts";
import { entryFile } from "./entry-file.ts";
import { isInside } from "./place.ts";

/** Absolute paths as they were meant, before realpath. */
export interface Source {
  readonly entry: string;
  /** Working directory of the workers. */
  readonly folder: string;
}

/** A symlink that moves this often while it is read is no deploy. */
const READINGS_MAX = 10;

/** The paths as they lead now.
 *  @throws PoolError BROOD_RELEASE_NOT_FOUND when the entry is no readable file, or the folder none. */
export async function findRelease(source: Source): Promise<Source> {
  const { entry, folder } = await realPaths(source);
  await fs.access(entry, fs.constants.R_OK).catch((cause: unknown) => {
    throw notFound("entry", source.entry, cause);
  });
  if (!(await fs.stat(entry)).isFile()) throw notFound("entry", source.entry, new Error("it is not a file"));
  if (!(await fs.stat(folder)).isDirectory())
    throw notFound("working directory", source.folder, new Error("it is not a folder"));
  return { entry, folder };
}

/** Where another entry runs. One that lies in its folder as the service's own entry lies in the service's folder
 *  (`releases/41/server.js`) is a release with a folder of its own; any other runs where the service does. */
export function folderFor(entry: string, own: Source): string {
  if (entry === own.entry || isInside(own.folder, entry) || !isInside(own.folder, own.entry))
    return own.folder;
  const way = `/${relative(own.folder, own.entry)}`;
  return entry.endsWith(way) && entry.length > way.length ? entry.slice(0, -way.length) : own.folder;
}

/** Both of the same moment: a symlink that moves between the two would give the code of one release and the folder of
 *  another, so they are read until two readings agree. */
async function realPaths(source: Source): Promise<Source> {
  let last = await readPaths(source);
  for (let reading = 1; reading < READINGS_MAX; reading += 1) {
    const next = await readPaths(source);
    if (next.entry === last.entry && next.folder === last.folder) return next;
    last = next;
  }
  throw notFound("entry", source.entry, new Error("the symlinks on its way move all the time"));
}

async function readPaths({ entry, folder }: Source): Promise<Source> {
  const real = (what: "entry" | "working directory", path: string): Promise<string> =>
    fs.realpath(path).catch((cause: unknown) => {
      throw notFound(what, path, cause);
    });
  return {
    folder: await real("working directory", folder),
    entry: await real("entry", entryFile(entry) ?? entry),
  };
}

/** The entry option as an absolute path. */
export function entryPath(entry: string | URL, cwd: string): string {
  return entry instanceof URL ? fileURLToPath(entry) : resolve(cwd, entry);
}

function notFound(what: "entry" | "working directory", path: string, cause: unknown): PoolError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const advice =
    what === "entry"
      ? "Give a file that exists and can be read."
      : "Make it again, or start in one that exists.";
  return new PoolError("BROOD_RELEASE_NOT_FOUND", `${what} ${path}: ${why}. ${advice}`, {
    details: { [what === "entry" ? "entry" : "folder"]: path },
    cause,
  });
}
