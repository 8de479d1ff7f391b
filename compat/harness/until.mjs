// Waiting for something that is true at some time, with a deadline that says what was waited for.

import { setTimeout as delay } from "node:timers/promises";

const LOOK_EVERY_MS = 40;

/** @param isTrue may be async; what it throws ends the wait */
export async function until(what, isTrue, deadlineMs, shown = () => "") {
  const endAtMs = performance.now() + deadlineMs;
  while (!(await isTrue())) {
    if (performance.now() > endAtMs) throw new Error(`${what}: not within ${deadlineMs} ms\n${shown()}`);
    await delay(LOOK_EVERY_MS);
  }
}
