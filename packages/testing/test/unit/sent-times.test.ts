import { describe, expect, it } from "vitest";
import { SentTimes } from "../../src/probe/sent-times.ts";
import { wallClockMs } from "../../src/probe/wall-clock.ts";

const timesOf = (instants: readonly number[]) => {
  const times = new SentTimes();
  for (const atMs of instants) times.add(atMs);
  return times;
};

describe("SentTimes", () => {
  it("counts exactly, in any order of arrival and over many chunks", () => {
    const instants = Array.from({ length: 200_000 }, (_, index) => 1_000 + ((index * 7_919) % 200_003) / 8);
    const times = timesOf(instants);
    expect(times.count).toBe(200_000);
    for (const dateMs of [0, 1_000.1, 5_000, 12_345.678, 25_999.9, 1e9]) {
      const isAfter = (atMs: number) => (Number.isInteger(dateMs) ? atMs >= dateMs + 1 : atMs > dateMs);
      expect(times.countAfter(dateMs)).toBe(instants.filter(isAfter).length);
    }
  });

  it("takes a whole number as that whole millisecond and a fraction as that instant", () => {
    const times = timesOf([1_000, 1_000.4, 1_000.9, 1_001, 1_001.2]);
    expect(times.countAfter(999)).toBe(5);
    expect(times.countAfter(1_000)).toBe(2);
    expect(times.countAfter(1_000.4)).toBe(3);
    expect(times.countAfter(1_001.2)).toBe(0);
  });

  it("knows the first and the last, and nothing of an empty list", () => {
    const times = timesOf([5, 3, 9]);
    expect([times.firstAtMs, times.lastAtMs]).toEqual([3, 9]);
    expect(new SentTimes().countAfter(0)).toBe(0);
  });
});

describe("wallClockMs", () => {
  it("never disagrees with Date.now() about the millisecond", () => {
    for (let round = 0; round < 100_000; round += 1) {
      const before = Date.now();
      const now = wallClockMs();
      const after = Date.now();
      expect(now > before && now < after + 1 && !Number.isInteger(now)).toBe(true);
    }
  }, 60_000);
});
