// Before the first fork the heap is collected and compacted: what is garbage in the template would be copied page by page
// when each worker's own collector touches it, and a compact heap is shared better.
// JavaScript's own `gc` was rejected: with `{ type: "major" }` it is a scavenge on Node 20 (looked at with --trace-gc), and
// without it keeps the written pages of the young generation, which every fork would have to copy.

import { setFlagsFromString } from "node:v8";
import type { Binding } from "../native/index.ts";

export function collectGarbage(binding: Binding): void {
  setFlagsFromString("--compact-on-every-full-gc");
  binding.collectAll();
  setFlagsFromString("--no-compact-on-every-full-gc");
}
