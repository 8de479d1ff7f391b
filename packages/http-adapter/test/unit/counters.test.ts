// The page in which a worker counts, with an ordinary buffer for the shared one.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CounterReader, CounterWriter } from "../../src/handoff/counters.ts";

describe("the counters of a worker", () => {
  it("are read as totals, and a look says whether there is anything new", () => {
    const page = new ArrayBuffer(4_096);
    const [writer, reader] = [new CounterWriter(page), new CounterReader(page)];
    expect(reader.read()).toBe(false);
    writer.taken();
    writer.taken();
    writer.closed();
    expect(reader.read()).toBe(true);
    expect({ taken: reader.taken, closed: reader.closed }).toEqual({ taken: 2, closed: 1 });
    expect(reader.read()).toBe(false);
  });

  it("go on after 2^32, and never back", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2 ** 31), { maxLength: 40 }), (steps) => {
        const page = new ArrayBuffer(4_096);
        const words = new Uint32Array(page);
        const reader = new CounterReader(page);
        let total = 0;
        for (const step of steps) {
          total += step;
          words[0] = total % 2 ** 32;
          expect(reader.read()).toBe(step > 0);
          expect(reader.taken).toBe(total);
        }
      }),
    );
  });
});
