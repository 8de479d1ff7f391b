// Workers of one pool load the same code again and again; compiling it is half of a heavy application's boot. Node >= 22.1
// can keep compiled code on disk (NODE_COMPILE_CACHE), keyed by content, so it never serves old code. Each fresh worker writes
// what is missing when it exits, a template when it has loaded (template/compilation.ts). The folder must be this user's
// alone, since compiled code is run as it is.

import { lstatSync, mkdirSync } from "node:fs";
import module from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** With one of these set, somebody has decided already (coverage is not precise with cached code). */
const DECIDED_BY = ["NODE_COMPILE_CACHE", "NODE_DISABLE_COMPILE_CACHE", "NODE_V8_COVERAGE"];

/** What to add to a worker's environment; empty where there is no cache or no folder that can be trusted. */
export function compileCacheEnv(
  isWanted: boolean,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const isDecided = DECIDED_BY.some((name) => env[name] !== undefined);
  if (!isWanted || isDecided || !("enableCompileCache" in module)) return {};
  const folder = join(tmpdir(), `brood-compile-cache-${process.geteuid?.() ?? "user"}`);
  return isOurs(folder) ? { NODE_COMPILE_CACHE: folder } : {};
}

function isOurs(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const stats = lstatSync(folder);
    return stats.isDirectory() && stats.uid === process.geteuid?.() && (stats.mode & 0o022) === 0;
  } catch {
    return false;
  }
}
