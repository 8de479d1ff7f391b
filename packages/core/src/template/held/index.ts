// All that a template holds back. What comes first here is nothing that the next one uses.

import { holdConnects } from "./connects.ts";
import { holdDatagrams } from "./datagrams.ts";
import { HeldThings } from "./held-things.ts";
import { holdModuleHooks } from "./module-hooks.ts";
import { holdProcesses } from "./processes.ts";
import { holdListens } from "./servers.ts";
import { holdThreads } from "./threads.ts";

export type { HeldThings } from "./held-things.ts";
export { Readiness } from "./readiness.ts";

/** Before the application, and whatever is loaded for it. */
export function holdAll(): HeldThings {
  const held = new HeldThings();
  for (const hold of [holdConnects, holdListens, holdDatagrams, holdThreads, holdModuleHooks, holdProcesses])
    hold(held);
  return held;
}
