// Is the application fit to serve? Asked in the worker itself, so that the answer is about this worker and nobody else:
// before it opens, again and again until it says yes or the time is up, and then for as long as new code is on trial,
// where a single no ends the worker. Nothing a check does (throw, never settle) can hold up more than its deadline.

import { PoolError } from "../errors.ts";
import { textOf } from "../link/described.ts";
import { detached, ignored } from "../link/detached.ts";
import type { HealthCheckOrder } from "../link/protocol.ts";

const { setTimeout, clearTimeout } = globalThis;

/** Rejects, or throws, with what is wrong. */
export type HealthCheck = () => Promise<void>;

/** Resolves when the check has passed. @throws PoolError BROOD_HEALTH_CHECK when it has not by `timeoutMs` */
export async function untilHealthy(check: HealthCheck, order: HealthCheckOrder): Promise<void> {
  const untilMs = performance.now() + order.timeoutMs;
  let said: string | undefined;
  for (;;) {
    const limitMs = Math.max(1, untilMs - performance.now());
    const wrong = await wrongWith(check, limitMs);
    if (wrong === null) return;
    // The last one may have had a few milliseconds only: what was answered before is worth more than its silence.
    said = wrong ?? said ?? silence(limitMs);
    const mayAskAgain = performance.now() + order.intervalMs < untilMs;
    if (mayAskAgain) await delay(order.intervalMs);
    // Also when woken too late: nothing could answer in no time.
    if (!mayAskAgain || performance.now() >= untilMs) throw unfit(said, `for ${order.timeoutMs} ms`);
  }
}

/** Checks each `intervalMs` for `forMs`; `onUnfit` is called once at most. Keeps no process alive. */
export function watchHealth(
  check: HealthCheck,
  order: HealthCheckOrder,
  onUnfit: (error: PoolError) => void,
): void {
  const untilMs = performance.now() + order.forMs;
  const look = async (): Promise<void> => {
    if (performance.now() > untilMs) return;
    const wrong = await wrongWith(check, order.timeoutMs);
    if (wrong === null) lookLater();
    else onUnfit(unfit(wrong ?? silence(order.timeoutMs), "soon after it was ready"));
  };
  const lookLater = (): void => {
    setTimeout(() => detached(look(), ignored), order.intervalMs).unref();
  };
  lookLater();
}

/** Null when it is well, undefined when it has not answered in time. */
async function wrongWith(check: HealthCheck, limitMs: number): Promise<string | null | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limitMs);
  });
  const asked = (async () => check())().then(() => null, textOf);
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}

function silence(limitMs: number): string {
  return `it had not answered after ${Math.round(limitMs)} ms`;
}

function unfit(wrong: string, when: string): PoolError {
  return new PoolError("BROOD_HEALTH_CHECK", `the health check failed ${when}: ${wrong}`);
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
