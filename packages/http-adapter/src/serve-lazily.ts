// `serve` for the package's index. An application imports the same index for `defineApp` or `worker` in every one of its
// workers; they must not pay for loading the supervisor's side.

import type { ServeConfig } from "./serve-options.ts";
import type { Server } from "./server.ts";

/** Starts a server. Resolves when every worker of the first generation is ready.
 *  @param options.signal  gives up a start that is under way, killing its workers; no effect later: use `stop()`.
 *  @throws PoolError BROOD_BAD_OPTION, BROOD_ADDRESS_IN_USE, BROOD_ADDRESS_UNAVAILABLE, BROOD_CONTROL_FAILED,
 *          BROOD_BOOT_FAILED, BROOD_BOOT_TIMEOUT, ...; nothing is left bound or running then. */
export async function serve(
  config: ServeConfig,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Server> {
  const supervisorSide = await import("./serve.ts");
  return supervisorSide.serve(config, options);
}
