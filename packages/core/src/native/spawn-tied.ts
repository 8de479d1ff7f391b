// A process that ends with this one, whatever it does at that moment. Between fork and exec the addon asks the kernel to kill it
// (native/src/bequeath.c), so also one that is stopped, or spins in a module that it preloads, is no orphan. Without the addon
// it is spawned as it is: then it leaves only when its own event loop turns.

import { nativeSupport } from "./binding.ts";
import { wholeSpawn } from "./whole-spawn.ts";

/** @param spawn     spawns it, synchronously
 *  @param inherited descriptors that it finds at the same numbers, besides its stdio; only with the addon
 *  @throws the system's error when there is no process; then nothing of it is left */
export function spawnTied<Child>(spawn: () => Child, inherited: readonly number[] = []): Child {
  const support = nativeSupport();
  if (!support.ok) return wholeSpawn(spawn);
  support.binding.bequeath(inherited);
  try {
    return wholeSpawn(spawn);
  } finally {
    support.binding.bequeath(null);
  }
}
