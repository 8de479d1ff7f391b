// Time and chance as they are. The one timer goes through a `setImmediate`: after a stall of this process the messages
// that already wait in its pipes are read first, so that a heartbeat (or a task's answer) that did arrive counts before
// silence is judged, or a task's time.

import { performance } from "node:perf_hooks";
import type { Clock, Entropy } from "../ports/clock.ts";

/** setTimeout's own limit; an earlier wake-up does no harm. */
const DELAY_MAX_MS = 2 ** 31 - 1;

/** @param keepsAlive whether its timers keep the host alive: those of a service do, those of an idle pool must not */
export function createClock(keepsAlive: boolean): Clock {
  return {
    now: () => performance.now(),
    after(delayMs, callback) {
      let immediate: NodeJS.Immediate | undefined;
      const timer = setTimeout(
        () => {
          // Not unref'd: then an idle loop would not run it before something else happens.
          immediate = setImmediate(callback);
        },
        Math.min(DELAY_MAX_MS, Math.max(0, Math.ceil(delayMs))),
      );
      if (!keepsAlive) timer.unref();
      return () => {
        clearTimeout(timer);
        clearImmediate(immediate);
      };
    },
  };
}

export const realClock: Clock = createClock(true);

export const realEntropy: Entropy = { next: () => Math.random() };
