import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { WorkerId } from "../../../src/machine/names.ts";
import type { Worker } from "../../../src/machine/registry.ts";
import { WorkerTable } from "../../../src/machine/worker-table.ts";
import { drive } from "./driver.ts";

/** Some worker's record, as another one's. */
function workerOf(serial: number): Worker {
  const [some] = drive().start().machine.world.registry.workers.values();
  if (some === undefined) throw new Error("nobody lives");
  return { ...some, id: `w${serial}`, serial, next: null };
}

describe("the table of workers", () => {
  it("finds those that live and nobody else, oldest first, however old some are", () => {
    const template = workerOf(1);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 99 }), { maxLength: 200 }), (choices) => {
        const table = new WorkerTable();
        const living = new Map<WorkerId, Worker>();
        let serial = 0;
        for (const choice of choices) {
          // Numbers far apart share a place of a small table.
          serial += choice % 3 === 0 ? 16 : 1;
          const worker: Worker = { ...template, id: `w${serial}`, serial };
          table.add(worker);
          living.set(worker.id, worker);
          const leaving = [...living.values()][choice];
          if (leaving !== undefined) {
            table.delete(leaving);
            living.delete(leaving.id);
          }
          expect(table.values()).toEqual([...living.values()]);
          expect(table.size).toBe(living.size);
          for (let each = 1; each <= serial + 1; each += 1)
            expect(table.get(`w${each}`)).toBe(living.get(`w${each}`));
        }
      }),
      { numRuns: 50 },
    );
  });

  it("compares whole ids, not only their numbers", () => {
    const table = new WorkerTable();
    table.add(workerOf(5));
    for (const other of ["w05", "t5", "w5x", "w", ""]) expect(table.has(other as WorkerId)).toBe(false);
    expect(table.has("w5")).toBe(true);
    expect(table.get("w5")?.serial).toBe(5);
  });
});
