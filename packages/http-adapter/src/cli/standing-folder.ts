// Where a control command stands. A shell that entered `current` before the symlink moved has the old release as its working
// directory, or none if that was removed; its $PWD still says `current`, and so the server's name. For a start that would
// be a guess (Node would run what lies in the working directory); to find the server by its name it is what was meant.

import { realpathSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import { type Environment, meantFolder } from "@brood/core/place";

/** @throws PoolError BROOD_BAD_OPTION when the working directory has been removed and $PWD names no other */
export function standingFolder(env: Environment = process.env): string {
  const named = env["PWD"];
  if (named === undefined || !isAbsolute(named)) return meantFolder([], env);
  const path = resolve(named);
  const real = realOf(path);
  const here = workingDirectory();
  const hasMoved = real !== null && real !== path && (here === null || dirname(here) === dirname(real));
  const isBack = real !== null && here === null;
  return hasMoved || isBack ? path : meantFolder([], env);
}

function realOf(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

/** Null: it has been removed. */
function workingDirectory(): string | null {
  try {
    return process.cwd();
  } catch {
    return null;
  }
}
