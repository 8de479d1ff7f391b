// How far a forked worker's heap may grow beyond what lives in it. V8 collects the old generation when it has grown to four
// times of what the last collection left, where the machine has memory. A fresh process of 60 MiB has 180 MiB of garbage then;
// a forked one shares the 60 and would pay for the 180 alone, so its memory under load would be that of a fresh one. With one and
// a half times it is 30 at most, for collections that take no more time in all than the page faults they save (docs/forking.md).
// Set after loading, whose heap may grow as it likes, and before the template's own collection: that one sets the limit
// with which every worker begins. Set after it, the limit is V8's for low memory, a few MiB: each worker collected within
// seconds, and copied what it shared (on Node 24 with a pause of 0.7 s, and twice the memory ever after).
// Rejected: `--optimize-for-size`, which also compiles less.

import { setFlagUnlessGiven } from "../worker/v8-flag.ts";

/** Of what the last collection left. */
const GROWTH_PERCENT = 50;

export function limitHeapGrowth(): void {
  setFlagUnlessGiven(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
