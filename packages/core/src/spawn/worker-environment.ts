// The environment of whatever Brood starts: the host's own, what was asked for, and nothing that would answer for the
// supervisor. Read anew for each start, because the host may have changed its own.

import { compileCacheEnv } from "./compile-cache.ts";

/** Not for workers: they would answer for the supervisor. */
const KEPT_FROM_WORKERS = {
  NOTIFY_SOCKET: undefined,
  WATCHDOG_USEC: undefined,
  WATCHDOG_PID: undefined,
  LISTEN_FDS: undefined,
  LISTEN_PID: undefined,
  LISTEN_FDNAMES: undefined,
};

/** The environment of a worker that gets exactly what was asked for and nothing of the host's own. */
export function wholeWorkerEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const own: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !(name in KEPT_FROM_WORKERS)) own[name] = value;
  }
  return own;
}

/** @param folder  the worker's working directory: $PWD would lead to wherever a symlink points by now */
export function workerEnvironment(
  { env, compileCache }: { readonly env: NodeJS.ProcessEnv; readonly compileCache: boolean },
  folder: string,
): NodeJS.ProcessEnv {
  const asked = { ...process.env, ...withPwd(folder), ...env };
  return { ...asked, ...compileCacheEnv(compileCache, asked), ...KEPT_FROM_WORKERS };
}

function withPwd(folder: string): { readonly PWD?: string } {
  return process.env["PWD"] === undefined ? {} : { PWD: folder };
}
