// `serve` and `configFile` for the package's index. An application imports the same index for `defineApp` or `worker` in every
// one of its workers; they must not pay for loading the supervisor's side.

import type { ConfigSource } from "./configuration.ts";
import type { ServeConfig } from "./serve-options.ts";
import type { Server } from "./server.ts";

/** Starts a server. Resolves when every worker of the first generation is ready.
 *  @param config  a function is called again by each restart, and what it returns is applied with the new generation: see
 *          `configFile`. An object never changes, but its `envFile` is read again. What a running server cannot change
 *          fails the restart with BROOD_NEEDS_START, what cannot be used with BROOD_BAD_OPTION; no worker is touched then.
 *  @param options.signal  gives up a start that is under way, killing its workers; no effect later: use `stop()`.
 *  @throws PoolError BROOD_BAD_OPTION, BROOD_ADDRESS_IN_USE, BROOD_ADDRESS_UNAVAILABLE, BROOD_CONTROL_FAILED,
 *          BROOD_BOOT_FAILED, BROOD_BOOT_TIMEOUT, ...; nothing is left bound or running then. */
export async function serve(
  config: ConfigSource,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Server> {
  const supervisorSide = await import("./serve.ts");
  return supervisorSide.serve(config, options);
}

/** A configuration file for `serve()`, read at the start and again by each restart: `serve(configFile("brood.config.mjs"))`.
 *  @param path  a .ts, .mts, .js, .mjs or .json file, relative to the working directory
 *  @param over  values that win over those of the file, and stay */
export function configFile(path: string, over: Partial<ServeConfig> = {}): () => Promise<ServeConfig> {
  let read: Promise<() => Promise<ServeConfig>> | undefined;
  return async () => {
    read ??= import("./cli/config-file.ts").then((side) => side.configFileReader(path, over));
    return (await read)();
  };
}
