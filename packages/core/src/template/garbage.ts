// Before the first fork the heap is collected and compacted: what is garbage in the template would be copied page by page
// when each worker's own collector touches it, and a compact heap is shared better.
// Compacting takes 280 ms of a heavy application's load where collecting alone takes 85. Without it eight workers have 80
// to 100 MiB more after load, and on Node 24 each is ready 7 ms later.
// JavaScript's own `gc` was rejected: with `{ type: "major" }` it is a scavenge on Node 20 (looked at with --trace-gc), and
// without it keeps the written pages of the young generation, which every fork would have to copy. Rejected too: what V8 does
// when memory is low: two such collections or more, of which the second found nothing here and took a sixth of the time that
// the template needed to load.

import { setFlagsFromString } from "node:v8";
import type { Binding } from "../native/index.ts";
import { setFlagUnlessGiven } from "../worker/v8-flag.ts";

export function collectGarbage(binding: Binding): void {
  setFlagsFromString("--compact-on-every-full-gc");
  // With many bytes outside of the heap V8 would begin to mark for the next one, and every worker would go on with that.
  setFlagsFromString("--no-incremental-marking");
  binding.collectAll();
  setFlagsFromString("--no-compact-on-every-full-gc");
  setFlagUnlessGiven("--incremental-marking", "--no-incremental-marking");
}
