// Pins what a generation runs.

import type { Release } from "../machine/names.ts";

/** Resolves symlinks once, reads the version, takes the fingerprint. Rejects with PoolError BROOD_RELEASE_NOT_FOUND. */
export type ResolveRelease = (entry: string) => Promise<Release>;
