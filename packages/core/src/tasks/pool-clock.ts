// Time as for services, but its timers do not keep the host alive. After a stall of this process the messages that already
// wait are read first (setImmediate), so that an answer that did arrive counts before its time is judged to be up.

import { performance } from "node:perf_hooks";
import type { Clock } from "../ports/clock.ts";

const DELAY_MAX_MS = 2 ** 31 - 1;

export const poolClock: Clock = {
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
    timer.unref();
    return () => {
      clearTimeout(timer);
      clearImmediate(immediate);
    };
  },
};
