// How the workers' Node is called: flags, preloads, and the arguments of the application.

import { badOption } from "./errors.ts";
import { textListOption } from "./options.ts";
import type { NodeFlags } from "./spawn/node-flags.ts";

export interface NodeOptions {
  /** The workers' own arguments: `process.argv` from its third element on. Default none. */
  readonly args?: readonly string[];
  /** Flags of Node for workers; default those of this process (loaders, `--permission`, limits …), as node:worker_threads and
   *  fork have it. A thread takes only those that Node allows for threads. */
  readonly execArgv?: readonly string[];
  /** Modules that each worker loads before its entry, as with `node --import`: in addition to `execArgv`. A relative path is
   *  meant from the working directory. Default none. */
  readonly import?: readonly string[];
  /** The same for CommonJS, as with `node --require`. */
  readonly require?: readonly string[];
}

export interface CheckedNodeOptions {
  readonly args: readonly string[];
  readonly nodeFlags: NodeFlags;
}

/** @throws PoolError BROOD_BAD_OPTION */
export function checkNodeOptions(options: NodeOptions): CheckedNodeOptions {
  const preloads = (["import", "require"] as const).flatMap((name) =>
    (textListOption(name, options[name]) ?? []).flatMap((each) => {
      if (each === "") throw badOption(name, each, "names or paths of modules");
      return [`--${name}`, each];
    }),
  );
  return {
    args: textListOption("args", options.args) ?? [],
    nodeFlags: { given: textListOption("execArgv", options.execArgv) ?? null, preloads },
  };
}
