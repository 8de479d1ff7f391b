import { expect, it } from "vitest";
import { untilHealthy } from "../../src/worker/health.ts";

const order = { timeoutMs: 200, intervalMs: 1, forMs: 0 };

it("what a check has said is not forgotten for a later one that the deadline cuts short", async () => {
  let asked = 0;
  const check = (): Promise<void> => {
    asked += 1;
    return asked === 1 ? Promise.reject(new Error("answered 503")) : new Promise(() => {});
  };
  await expect(untilHealthy(check, order)).rejects.toMatchObject({
    code: "BROOD_HEALTH_CHECK",
    message: "the health check failed for 200 ms: answered 503",
  });
  expect(asked).toBe(2);
});

it("a check that never says anything is said to be silent", async () => {
  await expect(untilHealthy(() => new Promise(() => {}), order)).rejects.toMatchObject({
    message: expect.stringMatching(/^the health check failed for 200 ms: it had not answered after \d+ ms$/),
  });
});
