// Before the first fork the heap is collected and compacted: what is garbage in the template would be copied page by page
// when each worker's own collector touches it, and a compact heap is shared better.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

export function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  setFlagsFromString("--no-expose-gc");
  if (typeof collect !== "function") return;
  // Twice: what the first one finalizes, the second one frees.
  for (let round = 0; round < 2; round += 1) {
    Reflect.apply(collect, undefined, [{ type: "major", execution: "sync", flavor: "last-resort" }]);
  }
}
