// The ring of results: what a place holds comes out as it went in, in order, and the news of it is told once for each reading.
import { describe, expect, it } from "vitest";
import { ResultReader, ResultWriter, RING_BYTES } from "../../../src/link/result-ring.ts";

function ring() {
  const memory = new SharedArrayBuffer(RING_BYTES + 64);
  let news = 0;
  const writer = new ResultWriter(memory, 64, () => {
    news += 1;
  });
  const reader = new ResultReader(memory, 64);
  const read = (): unknown[] => {
    const found: unknown[] = [];
    reader.awake(false);
    reader.each((seq, status, value, us) => found.push([seq, status, value, us]));
    return found;
  };
  return { memory, writer, reader, read, news: () => news };
}

describe("the ring of results", () => {
  it.each([
    [0],
    [-0],
    [1.5],
    [2 ** 53],
    [Number.NaN],
    [Number.NEGATIVE_INFINITY],
    [true],
    [false],
    [null],
    [undefined],
    [""],
    ["text"],
    ["\u0000\uffff\ud800 lone"],
    ["x".repeat(32)],
  ])("holds %o", (value) => {
    const { writer, read } = ring();
    expect(writer.write(7, value, 3, false)).toBe(true);
    expect(read()).toEqual([[7, 0, value, 3]]);
    expect(read()).toEqual([]);
  });

  it.each([["x".repeat(33)], [{}], [[]], [1n], [Symbol.iterator], [() => {}], [new Date()]])(
    "does not hold %o, which has to be posted",
    (value) => {
      const { writer, read, news } = ring();
      expect(writer.write(1, value, 0, false)).toBe(false);
      expect(read()).toEqual([]);
      expect(news()).toBe(0);
    },
  );

  it("holds the number and the duration of a task after hours: 2^31 tasks, 2^31 us", () => {
    const { writer, read } = ring();
    writer.write(2 ** 31 + 5, "a", 2 ** 31 + 7, false);
    writer.write(2 ** 40, 1, 2 ** 40, false);
    expect(read()).toEqual([
      [2 ** 31 + 5, 0, "a", 2 ** 31 + 7],
      [2 ** 40, 0, 1, 2 ** 40],
    ]);
  });

  it("tells the news once until it is read, and again for what comes after", () => {
    const { writer, reader, read, news } = ring();
    for (const seq of [1, 2, 3]) writer.write(seq, seq, 0, false);
    expect([news(), reader.hasNews]).toEqual([1, true]);
    expect(read()).toHaveLength(3);
    expect(reader.hasNews).toBe(false);
    writer.write(4, 4, 0, false);
    expect(news()).toBe(2);
  });

  it("what was written while the reader reads is told anew", () => {
    const { writer, reader, news } = ring();
    writer.write(1, 1, 0, false);
    reader.awake(false);
    reader.each(() => {
      if (news() === 1) writer.write(2, 2, 0, false);
    });
    expect([news(), reader.hasNews]).toEqual([2, true]);
  });

  it("does not tell what can wait while the reader looks by itself, and tells it with what cannot", () => {
    const { writer, reader, read, news } = ring();
    reader.awake(true);
    writer.write(1, 1, 1_000, true);
    writer.write(2, 2, 1_000, true);
    expect([news(), reader.hasNews]).toEqual([0, true]);
    writer.write(3, 3, 1_000, false);
    expect(news()).toBe(1);
    expect(read()).toHaveLength(3);
    writer.write(4, 4, 1_000, true);
    expect(news()).toBe(2);
  });

  it("tells what waits when the writer has nothing more to do, once, and not what was read", () => {
    const { writer, reader, news } = ring();
    reader.awake(true);
    writer.flush();
    writer.write(1, 1, 1_000, true);
    writer.flush();
    writer.flush();
    expect(news()).toBe(1);
    reader.awake(true);
    reader.each(() => {});
    writer.flush();
    expect(news()).toBe(1);
  });

  it("leaves nothing untold that was written while the reader ceased to look", () => {
    const { writer, reader, news } = ring();
    reader.awake(true);
    writer.write(1, 1, 1_000, true);
    reader.awake(false);
    expect([news(), reader.hasNews]).toEqual([0, true]);
    writer.write(2, 2, 1_000, true);
    expect(news()).toBe(1);
  });

  it("reads nothing where the writer cannot have written: its process may have overwritten its own memory", () => {
    const { memory, writer, reader } = ring();
    writer.write(1, 1, 0, false);
    for (const nonsense of [1_025, -1, 2 ** 31 - 1, -(2 ** 31)]) {
      Atomics.store(new Int32Array(memory, 64), 0, nonsense);
      reader.each(() => expect.unreachable());
    }
    Atomics.store(new Int32Array(memory, 64), 0, 1);
    const found: number[] = [];
    reader.each((seq) => found.push(seq));
    expect(found).toEqual([]);
    expect(reader.isCorrupt).toBe(true);
    expect(reader.hasNews).toBe(false);
  });

  it("goes round many times in order, and refuses what would overwrite an unread one", () => {
    const { writer, read } = ring();
    let [written, taken] = [0, 0];
    for (let round = 1; round < 200; round += 1) {
      for (let count = 0; count < round * 7; count += 1) {
        if (writer.write(written + 1, written + 1, 0, false)) written += 1;
      }
      if (round > 147) expect(written - taken).toBe(1_024);
      const found = read();
      const expected = found.map((_, index) => [taken + index + 1, 0, taken + index + 1, 0]);
      expect(JSON.stringify(found)).toBe(JSON.stringify(expected));
      taken += found.length;
    }
    expect(taken).toBe(written);
  });
});
