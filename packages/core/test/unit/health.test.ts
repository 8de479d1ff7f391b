import { afterEach, beforeEach, expect, it, vi } from "vitest";

const order = { timeoutMs: 200, intervalMs: 1, forMs: 0 };

beforeEach(() => {
  // It takes its timers when it is loaded, before an application can replace them.
  vi.resetModules();
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it("what a check has said is not forgotten for a later one that the deadline cuts short", async () => {
  const { untilHealthy } = await import("../../src/worker/health.ts");
  let asked = 0;
  const check = (): Promise<void> => {
    asked += 1;
    return asked === 1 ? Promise.reject(new Error("answered 503")) : new Promise(() => {});
  };
  const unfit = expect(untilHealthy(check, order)).rejects.toMatchObject({
    code: "BROOD_HEALTH_CHECK",
    message: "the health check failed for 200 ms: answered 503",
  });
  await vi.advanceTimersByTimeAsync(order.timeoutMs);
  await unfit;
  expect(asked).toBe(2);
});

it("a check that never says anything is said to be silent", async () => {
  const { untilHealthy } = await import("../../src/worker/health.ts");
  const unfit = expect(untilHealthy(() => new Promise(() => {}), order)).rejects.toMatchObject({
    message: "the health check failed for 200 ms: it had not answered after 200 ms",
  });
  await vi.advanceTimersByTimeAsync(order.timeoutMs);
  await unfit;
});
