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

  it("G79: functions are dropped one by one, whatever else the field holds stays", () => {
    const response = { status: 503, data: { why: ["busy"] }, config: { transform: [() => {}], url: "/" } };
    const back = across(Object.assign(new Error("m"), { response, retry: () => {}, seen: Symbol("s") }));
    expect(back).toMatchObject({ message: "m" });
    expect(Object.keys(back as object)).toEqual(["response"]);
    expect(back).toHaveProperty("response", {
      status: 503,
      data: { why: ["busy"] },
      config: { transform: [undefined], url: "/" },
    });
  });

  it("G79: errors inside fields stay errors, an `errors` object too", () => {
    const errors = { email: Object.assign(new TypeError("no @"), { path: "email", kind: "user" }) };
    const back = across(
      Object.assign(new Error("invalid"), { errors, seen: new Map([["first", errors.email]]) }),
    );
    const { email } = Reflect.get(back as object, "errors");
    expect(email).toBeInstanceOf(TypeError);
    expect(email).toMatchObject({ message: "no @", path: "email", kind: "user" });
    expect(Reflect.get(back as object, "seen").get("first")).toBe(email);
    expect(Reflect.get(across({ reason: new RangeError("r") }) as object, "reason")).toBeInstanceOf(
      RangeError,
    );
  });

  it("G79: a graph of 200 errors that know each other costs what its errors cost, and keeps who is who", () => {
    const all = Array.from({ length: 200 }, (_, at) => new Error(String(at)));
    const sum = new AggregateError(all, "all");
    for (const each of all) Object.assign(each, { cause: sum, others: all });
    sum.errors.push(sum);
    const wire = encodeThrown(sum);
    expect(wire.errors).toHaveLength(201);
    const back = decodeThrown(structuredClone(wire)) as AggregateError;
    expect(back).toBeInstanceOf(AggregateError);
    expect(back.errors[200]).toBe(back);
    expect(back.errors[7]).toMatchObject({ message: "7", cause: back });
    expect(Reflect.get(back.errors[7], "others")[3]).toBe(back.errors[3]);
  });

  it("G79: is bounded: 5,000 causes, a list of a million, a value that is 20,000 levels deep", () => {
    let chain = new Error("first");
    for (let at = 0; at < 5_000; at += 1) chain = new Error(String(at), { cause: chain });
    expect(encodeThrown(chain).errors).toHaveLength(1_000);
    let deep: unknown = null;
    for (let at = 0; at < 20_000; at += 1) deep = [deep];
    const back = across(Object.assign(new Error("m"), { deep, long: new Array(1e6).fill(1), after: 1 }));
    expect(back).toMatchObject({ message: "m" });
  });

  it("G79: an error may be named like a property of every object, and so may its fields", () => {
    for (const name of ["toString", "constructor", "__proto__", "hasOwnProperty", "valueOf"]) {
      const error = new Error("m");
      error.name = name;
      Object.defineProperty(error, "__proto__", { value: { polluted: true }, enumerable: true });
      const back = across(error);
      expect(back).toMatchObject({ name, message: "m" });
      expect(Object.getOwnPropertyDescriptor(back, "__proto__")?.value).toEqual({ polluted: true });
    }
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });

  it("G79: whatever throws when it is looked at is left out, and the rest arrives", () => {
    const bad = (): never => {
      throw new Error("do not look");
    };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const trap = new Proxy({}, { get: bad, ownKeys: bad, getPrototypeOf: bad, has: bad });
    const error = new Error("real");
    for (const name of ["stack", "body", "name", "cause", "code"])
      Object.defineProperty(error, name, { configurable: true, enumerable: true, get: bad });
    Object.defineProperty(error, "proxy", { enumerable: true, value: proxy });
    Object.defineProperty(error, "kept", { enumerable: true, value: 1 });
    Object.defineProperty(error, "errors", { enumerable: true, value: proxy });
    expect(across(error)).toMatchObject({ message: "real", kept: 1 });
    const detached = new Uint8Array(8);
    structuredClone(detached, { transfer: [detached.buffer] });
    const hostile = [
      proxy,
      trap,
      detached,
      Symbol("s"),
      bad,
      new WeakMap(),
      Promise.resolve(),
      Object(Symbol("t")),
    ];
    for (const value of hostile) {
      across(value);
      const holder = new Error("m");
      Object.defineProperty(holder, "value", { enumerable: true, value });
      expect(across(holder)).toMatchObject({ message: "m" });
    }
    expect(across(Object.assign(Object.create(null), { retry() {}, left: 1 }))).toEqual({ left: 1 });
  });

  it("dates, lists, maps, sets and bytes in fields arrive as what they are", () => {
    const fields = {
      at: new Date(0),
      list: [1, undefined, 3],
      map: new Map([[1, new Set([2])]]),
      bytes: new Uint8Array([1, 2]),
      pattern: /x/g,
      big: 1n,
    };
    expect(across(Object.assign(new Error("m"), fields))).toMatchObject({
      ...fields,
      list: [1, undefined, 3],
    });
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
