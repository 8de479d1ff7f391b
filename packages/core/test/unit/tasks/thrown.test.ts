// Errors cross a link without losing what they say.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BEGUN,
  CELLS_BYTES,
  cellValue,
  exchangeOffer,
  OFFERED,
  REVOKED,
  taskCells,
} from "../../../src/link/task-cells.ts";
import { decodeThrown, encodeThrown } from "../../../src/link/thrown.ts";

const across = (thrown: unknown) => decodeThrown(structuredClone(encodeThrown(thrown)));

describe("thrown values", () => {
  it("keep class, name, message, stack, cause, errors and own fields", () => {
    class Own extends Error {
      override name = "Own";
      readonly code = "E";
    }
    const error = new Own("outer", { cause: new AggregateError([new TypeError("inner"), 5], "both") });
    const back = across(error);
    expect(back).toBeInstanceOf(Error);
    expect(back).toMatchObject({ name: "Own", message: "outer", code: "E", stack: error.stack });
    expect(back).toMatchObject({ cause: { errors: [new TypeError("inner"), 5], message: "both" } });
    expect(across(new RangeError("r"))).toBeInstanceOf(RangeError);
    const aborted = across(new DOMException("gone", "AbortError"));
    expect(aborted).toMatchObject({ name: "AbortError", message: "gone", code: 20 });
  });

  it("a circle of causes ends", () => {
    const one = new Error("one");
    one.cause = one;
    expect(across(one)).toMatchObject({ message: "one", cause: { message: "one" } });
  });

  it("what is no error arrives as it is", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => void expect(across(value)).toEqual(value)));
    expect(across(undefined)).toBeUndefined();
  });

  it("can always be sent in the end", () => {
    const error = Object.assign(new Error("m"), { fn: () => {}, kept: 1 });
    expect(() => across(error)).toThrow();
    expect(decodeThrown(structuredClone(encodeThrown(error, true)))).toMatchObject({ message: "m", kept: 1 });
  });
});

describe("task cells", () => {
  it("a task begins or is taken back, never both, also when its cell serves another one", () => {
    const cells = taskCells(new SharedArrayBuffer(CELLS_BYTES), 0);
    Atomics.store(cells, 3, cellValue(1, OFFERED));
    expect(exchangeOffer(cells, 3, 1, REVOKED)).toBe(true);
    expect(exchangeOffer(cells, 3, 1, BEGUN)).toBe(false);
    Atomics.store(cells, 3, cellValue(2, OFFERED));
    expect(exchangeOffer(cells, 3, 1, BEGUN)).toBe(false);
    expect(exchangeOffer(cells, 3, 2, BEGUN)).toBe(true);
    expect(exchangeOffer(cells, 3, 2, REVOKED)).toBe(false);
  });
});
