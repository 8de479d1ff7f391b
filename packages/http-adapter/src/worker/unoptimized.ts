// Warm-up requests in a template. V8 notes what functions meet and compiles them, but optimizes none, where it has Maglev (V8 13,
// Node 24): the collection before the forks drops optimized code whose maps have gone, and such a function keeps the distance to
// its next optimization, up to 3,000 calls, for which it runs unoptimized in every worker. One that was not optimized yet is so
// after 400 (counted with --trace-opt; docs/forking.md has what it gives). Only for requests: loading an application, or a `warmup`
// hook that computes for long, needs the optimizer.

import { setFlagUnlessGiven } from "@brood/core/worker";

const FIRST_WITH_MAGLEV = 13;
const NOTHING = "~";
const EVERYTHING = "*";

export async function unoptimized(work: () => Promise<void>): Promise<void> {
  const isBetter = Number.parseInt(process.versions.v8, 10) >= FIRST_WITH_MAGLEV;
  if (!isBetter) return work();
  try {
    optimize(NOTHING);
    await work();
  } finally {
    optimize(EVERYTHING);
  }
}

function optimize(which: string): void {
  for (const flag of ["--maglev-filter", "--turbo-filter"]) setFlagUnlessGiven(`${flag}=${which}`);
}
