// `import "@brood/testing/vitest"`, in a test or a setup file: adds the matchers to vitest's `expect`, with their types.

import { expect } from "vitest";
import { matchers } from "./verdicts/matchers.ts";

expect.extend({ ...matchers });

declare module "vitest" {
  interface Matchers<T> {
    /** Of a probe's report: every answer to a request sent after `sinceMs` (`probe.mark()`) came from `version`, and there
     *  was one. Default: since the probe began; the version that answered the request sent last. */
    toHaveNoStaleAnswers(sinceMs?: number, version?: string): T;
    /** Of a probe's report: every request had a good answer. */
    toHaveDroppedNothing(): T;
    /** Of `capacityOf(server)`: there were never fewer than `atLeast` ready workers; default as many as were wanted. */
    toKeepCapacity(atLeast?: number): T;
  }
}
