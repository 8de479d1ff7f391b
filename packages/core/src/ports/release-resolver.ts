// Pins what a generation runs. The one place: everything that belongs to a generation is resolved by this, together, once.

import type { Generation, Release } from "../machine/names.ts";

export interface ReleaseRequest {
  readonly generation: Generation;
  /** The entry's path as it was asked for, before realpath. */
  readonly entry: string;
}

/** Follows symlinks once, for entry and working directory together, reads the version, takes the fingerprint.
 *  Rejects with PoolError BROOD_RELEASE_NOT_FOUND. */
export type ResolveRelease = (request: ReleaseRequest) => Promise<Release>;
