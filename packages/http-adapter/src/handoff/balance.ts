// Who gets a connection. Pure. Each policy picks among the workers that have room, or nobody: the connection waits then.
//   least-connections  the fewest open connections; equal ones take turns, or all would go to the first
//   round-robin        one after the other; who has no room is passed over
//   sticky             by a key of the client: rendezvous hashing over slots, so that a worker's successor inherits its
//                      clients, and a slot more or fewer moves only the clients it must

import type { SlotIndex, WorkerId } from "./names.ts";

export type Balance = "least-connections" | "round-robin" | "sticky";

export const BALANCES: readonly Balance[] = ["least-connections", "round-robin", "sticky"];

export interface Candidate {
  readonly id: WorkerId;
  readonly slot: SlotIndex;
  /** Connections that it has, or that are on their way to it. */
  readonly load: number;
  readonly hasRoom: boolean;
}

export interface Picker {
  /** @param key of the client; null when it has none. */
  pick<Each extends Candidate>(candidates: readonly Each[], key: string | null): Each | null;
}

export function createPicker(balance: Balance): Picker {
  let turn = 0;
  const rotate = <Each extends Candidate>(
    candidates: readonly Each[],
    loadOf: (each: Each) => number,
  ): Each | null => {
    let best: Each | null = null;
    let bestAt = 0;
    for (let step = 0; step < candidates.length; step += 1) {
      const at = (turn + step) % candidates.length;
      const each = candidates[at];
      if (each === undefined || !each.hasRoom) continue;
      if (best !== null && loadOf(each) >= loadOf(best)) continue;
      best = each;
      bestAt = at;
    }
    if (best !== null) turn = bestAt + 1;
    return best;
  };
  return {
    pick(candidates, key) {
      if (balance === "round-robin") return rotate(candidates, () => 0);
      if (balance === "least-connections" || key === null) return rotate(candidates, ({ load }) => load);
      const chosen = stickyTo(candidates, key);
      return chosen?.hasRoom === true ? chosen : null;
    },
  };
}

/** The slot with the highest weight for this key, and there the newest worker (the last of the list). */
function stickyTo<Each extends Candidate>(candidates: readonly Each[], key: string): Each | null {
  let best: Each | null = null;
  let bestWeight = -1;
  for (const each of candidates) {
    const weight = weightOf(key, each.slot);
    if (weight < bestWeight) continue;
    best = each;
    bestWeight = weight;
  }
  return best;
}

/** FNV-1a over key and slot, then mixed (murmur3's finalizer): FNV alone leaves neighbouring slots alike. */
function weightOf(key: string, slot: SlotIndex): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ slot, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
