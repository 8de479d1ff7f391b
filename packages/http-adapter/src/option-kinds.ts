// Every option of a server, once, and what a restart does with it. A new option has no place to go but here.

import type { ServeConfig } from "./serve-options.ts";

/** `restart`: read anew by each restart, applied with its generation and taken back with it. `start`: what the server holds
 *  or is known by; a restart that finds another value is refused. */
export type OptionKind = "restart" | "start";

export const OPTION_KINDS: Readonly<Record<keyof ServeConfig, OptionKind>> = {
  entry: "restart",
  cwd: "restart",
  workers: "restart",
  listen: "start",
  runtime: "start",
  spawn: "start",
  handoff: "start",
  balance: "start",
  maxHeld: "start",
  holdTimeoutMs: "start",
  moveConnections: "start",
  onError: "start",
  socketMode: "start",
  socketOwner: "start",
  name: "start",
  control: "start",
  pidfile: "start",
  stdout: "start",
  stderr: "start",
  logger: "start",
  ticketKeysMs: "start",
  env: "restart",
  envFile: "restart",
  args: "restart",
  execArgv: "restart",
  import: "restart",
  require: "restart",
  resourceLimits: "restart",
  compileCache: "restart",
  bootTimeoutMs: "restart",
  minHealthyMs: "restart",
  drainTimeoutMs: "restart",
  stopDelayMs: "start",
  lingerMs: "restart",
  // But for its backlog, which belongs to the sockets (effective-config.ts).
  server: "restart",
  heartbeatTimeoutMs: "restart",
  maxSurge: "restart",
  maxUnavailable: "restart",
  maxFailures: "restart",
  bootConcurrency: "restart",
  template: "restart",
  warmup: "restart",
  recycle: "restart",
  healthCheck: "restart",
  canary: "restart",
  onReleaseChanged: "restart",
  waitReady: "restart",
  exposeGeneration: "restart",
};

/** A codec's cast: the table has these keys and no others. */
export const OPTION_NAMES = Object.keys(OPTION_KINDS) as readonly (keyof ServeConfig)[];
