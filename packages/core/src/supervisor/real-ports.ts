// Time and chance as they are. The one timer goes through a `setImmediate`: after a stall of this process the messages
// that already wait in its pipes are read first, so that a heartbeat that did arrive counts before silence is judged.

import { performance } from "node:perf_hooks";
import type { Clock, Entropy } from "../ports/clock.ts";

/** setTimeout's own limit; an earlier wake-up does no harm. */
const DELAY_MAX_MS = 2 ** 31 - 1;

export const realClock: Clock = {
  now: () => performance.now(),
  after(delayMs, callback) {
    let immediate: NodeJS.Immediate | undefined;
    const timer = setTimeout(
      () => {
        immediate = setImmediate(callback);
      },
      Math.min(DELAY_MAX_MS, Math.max(0, Math.ceil(delayMs))),
    );
    return () => {
      clearTimeout(timer);
      clearImmediate(immediate);
    };
  },
};

export const realEntropy: Entropy = { next: () => Math.random() };
