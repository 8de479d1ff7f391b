// Pins what a generation runs, and by which settings. The one place: everything that belongs to a generation is resolved by
// this, together, once.

import type { ReleaseOrder } from "../machine/commands.ts";
import type { ResolvedRelease } from "../machine/events.ts";
import type { Generation } from "../machine/names.ts";

export interface ReleaseRequest extends ReleaseOrder {
  readonly generation: Generation;
}

/** Follows symlinks once, for entry and working directory together, reads the version, takes the fingerprint; reads the
 *  settings anew where that is possible. Rejects with PoolError BROOD_RELEASE_NOT_FOUND, BROOD_BAD_OPTION, BROOD_NEEDS_START. */
export type ResolveRelease = (request: ReleaseRequest) => Promise<ResolvedRelease>;
