// A worker's end with its supervisor, whatever the worker does. Three things bring it about, before any code of the application
// runs: the kernel's own signal (PR_SET_PDEATHSIG, or for a forked worker, whose parent is its template, a lifeline), the native
// watchdog (native/src/watchdog.c), and the link's end, which its event loop sees. Until it is ready there is nothing to drain:
// the kernel kills it. Then the signal becomes SIGCONT, which only wakes a stopped worker: its loop drains, and the watchdog ends
// one that spins or waits. The watchdog also shows what a worker was doing that is about to be killed for its silence.
// Without the addon only the event loop is left. Where no thread can be had the kernel's SIGKILL stays, and nothing drains.

import { constants } from "node:os";
import type { BootOrder } from "../link/protocol.ts";
import { type Binding, nativeSupport } from "../native/index.ts";

const { SIGKILL, SIGCONT } = constants.signals;

/** A worker whose loop turns is gone by then, 4 s after its supervisor (runtime.ts): so this never cuts a drain short. */
const ORPHAN_GRACE_MS = 4_500;

let becomeReady: () => void = () => {};

export interface Ties {
  /** Of the worker's link; undefined: it has none that can be watched, a thread. */
  readonly descriptor?: number | undefined;
  /** Its end of `lifelineCreate`; undefined: the supervisor is its parent. */
  readonly lifeline?: number;
}

/** From here on this process ends at once when its supervisor has died. */
export function tieToSupervisor(
  { descriptor, lifeline }: Ties,
  { worker, slot, generation }: Pick<BootOrder, "worker" | "slot" | "generation">,
): void {
  if (descriptor === undefined) return;
  const support = nativeSupport();
  if (!support.ok) return;
  const { binding } = support;
  const tie = (signal: number): boolean =>
    attempt(() => {
      if (lifeline === undefined) binding.endWithParent(signal);
      else if (!binding.lifelineTie(lifeline, signal)) binding.exitNow(1);
      return true;
    });
  tie(SIGKILL);
  const name = `worker=${worker} slot=${slot} gen=${generation}`;
  if (attempt(() => binding.watchdogStart(descriptor, ORPHAN_GRACE_MS, name)))
    becomeReady = () => tie(SIGCONT);
}

/** It serves: from here on it may drain when its supervisor has died. */
export function drainWhenOrphaned(): void {
  becomeReady();
}

/** For a template, which never serves. */
export function endWithSupervisor(binding: Binding): void {
  attempt(() => {
    binding.endWithParent(SIGKILL);
    return true;
  });
}

/** False: the system refuses (a sandbox, no descriptor or thread is left). The worker serves all the same. */
function attempt(action: () => boolean): boolean {
  try {
    return action();
  } catch {
    return false;
  }
}
