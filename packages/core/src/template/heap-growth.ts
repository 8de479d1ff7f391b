// How far a forked worker's heap may grow beyond what lives in it. V8 collects the old generation when it has grown to four
// times of what the last collection left, where the machine has memory. A fresh process of 60 MiB has 180 MiB of garbage then;
// a forked one shares the 60 and would pay for the 180 alone, so its memory under load would be that of a fresh one. With twice
// it is 60 at most, for collections that take no more time in all than the page faults they save (docs/forking.md).
// Set before the forks rather than as a flag of the process: while the template loads, its heap may grow as it likes.
// Rejected: `--optimize-for-size`, which also compiles less.

import { setFlagUnlessGiven } from "../worker/v8-flag.ts";

/** Of what the last collection left. */
const GROWTH_PERCENT = 100;

export function limitHeapGrowth(): void {
  setFlagUnlessGiven(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
