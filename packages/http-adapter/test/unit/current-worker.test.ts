import { expect, it } from "vitest";
import { worker } from "../../src/worker/current-worker.ts";

it("worker is undefined outside a worker", () => {
  expect(worker).toBeUndefined();
});
