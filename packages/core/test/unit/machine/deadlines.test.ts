import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Deadlines } from "../../../src/machine/deadlines.ts";

describe("deadlines", () => {
  it("come out earliest first, and none before its time", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1000 })),
        fc.integer({ min: 0, max: 1000 }),
        (times, nowMs) => {
          const deadlines = new Deadlines();
          for (const atMs of times) deadlines.push({ kind: "back-off", subject: 0, atMs });
          const taken: number[] = [];
          for (let due = deadlines.takeDue(nowMs); due !== null; due = deadlines.takeDue(nowMs))
            taken.push(due.atMs);
          const sorted = [...times].sort((a, b) => a - b);
          expect(taken).toEqual(sorted.filter((atMs) => atMs <= nowMs));
          expect(deadlines.nextAtMs).toBe(sorted.find((atMs) => atMs > nowMs) ?? null);
        },
      ),
    );
  });
});
