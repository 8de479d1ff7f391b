// The folder that was meant. A program started in `/srv/current` has `/srv/releases/1` as its working directory: the kernel
// keeps the folder, not the way to it. A deploy moves `current`, so the way is what a restart has to follow. The shell
// says it in $PWD, which counts where it leads to the working directory's inode (as in Puma and Unicorn); else npm's
// variables say it, or the path by which the entry or the configuration file was given. Rejected: to ask the parent
// process; it may be anything, and is gone after a fork into the background.

import { realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { badOption } from "../errors.ts";

/** $PWD: shells. The others: `npm start`, `npx` and `npm --prefix`, whose own working directory is a real path. */
const VARIABLES = ["PWD", "INIT_CWD", "npm_config_local_prefix"];

export { entryFile } from "./entry-file.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** The working directory of this process, by the path that was meant. Ask once, early: the folder may be removed later.
 *  @param given  paths as the user wrote them: an absolute one may lead through the folder that was meant
 *  @throws PoolError BROOD_BAD_OPTION when the folder does not exist any more */
export function meantFolder(given: readonly unknown[] = [], env: Environment = process.env): string {
  const real = workingDirectory();
  const here = inodeOf(real);
  const named = VARIABLES.map((name) => env[name]);
  const above = given.flatMap((path) =>
    typeof path === "string" && isAbsolute(path) ? ancestors(path) : [],
  );
  for (const candidate of [...named, ...above]) {
    if (candidate === undefined || !isAbsolute(candidate)) continue;
    const path = resolve(candidate);
    if (path !== real && inodeOf(path) === here) return path;
  }
  return real;
}

/** An absolute path below the folder's real path, as a program has it from `import.meta.url`, is the same path below the
 *  folder that was meant: entry and working directory move together.
 *  @param former  what the folder led to when the program started, by which it still calls itself */
export function meantPath(path: string, folder: string, former: string | null = null): string {
  if (isInside(folder, path)) return path;
  const real = [former, realOf(folder)].find((each) => each !== null && isInside(each, path));
  return real === undefined || real === null ? path : join(folder, relative(real, path));
}

export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && way !== ".." && !way.startsWith("../") && !isAbsolute(way);
}

function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    throw badOption("cwd", undefined, "a folder that exists: the one this was started in has been removed");
  }
}

function ancestors(path: string): string[] {
  const above = dirname(resolve(path));
  return above === path ? [] : [above, ...ancestors(above)];
}

/** Null: there is none. */
function inodeOf(path: string): string | null {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stats === undefined ? null : `${stats.dev}:${stats.ino}`;
}

function realOf(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
