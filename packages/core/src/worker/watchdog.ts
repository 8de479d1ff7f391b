// Starts the native watchdog (native/src/watchdog.c) in a worker that is ready: it ends a worker that spins after its
// supervisor has died, and shows what a worker was doing that is about to be killed for its silence. Without the addon
// both are simply missing. After ready, so that it costs no boot anything.

import type { BootOrder } from "../link/protocol.ts";
import { nativeSupport } from "../native/index.ts";

const { setImmediate } = globalThis;

/** A worker whose loop turns is gone by then, 4 s after its supervisor (runtime.ts): so this never cuts a drain short. */
const ORPHAN_GRACE_MS = 4_500;

/** @param descriptor of the worker's link; undefined: it has none that can be watched */
export function startWatchdog(
  descriptor: number | undefined,
  { worker, slot, generation }: Pick<BootOrder, "worker" | "slot" | "generation">,
): void {
  if (descriptor === undefined) return;
  setImmediate(() => {
    const support = nativeSupport();
    if (!support.ok) return;
    try {
      support.binding.watchdogStart(
        descriptor,
        ORPHAN_GRACE_MS,
        `worker=${worker} slot=${slot} gen=${generation}`,
      );
    } catch {
      // No descriptor or thread is left: the worker serves all the same.
    }
  });
}
