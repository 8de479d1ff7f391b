// Every field of every message of the table, with every value that it may not have.
import { describe, expect, it } from "vitest";
import { Mismatch } from "../../src/link/decoders.ts";
import { wireErrorOf } from "../../src/link/described.ts";
import { fromTemplate, fromWorker, toTemplate, toWorker } from "../../src/link/messages.ts";
import { SAMPLES } from "../support/messages.ts";

const DECODERS = { fromWorker, toWorker, fromTemplate, toTemplate };

type Path = readonly (string | number)[];

/** Where something stands in a value: every field of every object, and every place of a list. */
function pathsIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const inner = Object.entries(value).flatMap(([name, each]) => pathsIn(each, [...path, name]));
  return path.length === 0 ? inner : [path, ...inner];
}

/** A copy with another value there. */
function replaced(value: unknown, [name, ...rest]: Path, by: unknown): unknown {
  if (name === undefined) return by;
  const copy: Record<string, unknown> = Array.isArray(value) ? { ...value } : { ...(value as object) };
  Object.defineProperty(copy, name, {
    value: replaced(copy[name], rest, by),
    enumerable: true,
    configurable: true,
    writable: true,
  });
  return Array.isArray(value) ? Object.assign([], copy) : copy;
}

/** No field of any message takes one of these. A text takes no number, a number no text: what both refuse. */
const NOBODYS: readonly unknown[] = [
  { toString: 1 },
  [[]],
  Number.NaN,
  -1e16,
  1e308,
  Number.POSITIVE_INFINITY,
  10n,
  "x".repeat(1e6),
  Symbol.iterator,
];

/** Whatever it likes. */
const isAnything = (path: Path): boolean => path.includes("hostData") || path.includes("payload");
/** Made by the supervisor, and bounded by its options. */
const isLong = (path: Path): boolean => ["name", "host"].includes(String(path.at(-1)));

describe.each(SAMPLES)("$direction $type", ({ direction, message }) => {
  const decode = DECODERS[direction];

  it("goes through as it is, without what it should not have", () => {
    expect(decode(message)).toEqual(message);
    expect(decode(JSON.parse(JSON.stringify(message)))).toEqual(message);
    expect(decode({ ...message, more: 1 })).toEqual(message);
  });

  it("is refused when a field has a wrong value, by the field's name", () => {
    for (const path of pathsIn(message)) {
      if (isAnything(path)) continue;
      for (const [at, wrong] of NOBODYS.entries()) {
        if (isLong(path) && typeof wrong === "string") continue;
        const forged = replaced(message, path, wrong);
        expect(() => decode(forged), `${path.join(".")} as ${at}`).toThrow(Mismatch);
      }
    }
  });

  it("is refused when a field is missing", () => {
    const optional = ["isTruncated", "answers", "watches", "held", "isWaiting"];
    for (const path of pathsIn(message)) {
      if (isAnything(path) || optional.includes(String(path.at(-1)))) continue;
      expect(() => decode(replaced(message, path, undefined)), path.join(".")).toThrow(Mismatch);
    }
  });
});

describe("the table of messages", () => {
  it.each(Object.entries(DECODERS))("%s takes nothing else", (_, decode) => {
    const others = [
      null,
      undefined,
      1,
      "Ready",
      [],
      {},
      { type: "toString" },
      { type: "__proto__" },
      { type: 1 },
    ];
    for (const each of others) expect(() => decode(each)).toThrow(Mismatch);
    expect(() => decode(Object.create({ type: "Ready", worker: "w1", generation: 1 }))).toThrow(Mismatch);
    expect(() => decode(JSON.parse('{"__proto__":{"type":"Ready","worker":"w1","generation":1}}'))).toThrow(
      Mismatch,
    );
  });

  it("says where the wrong value stands, and what it is", () => {
    const heartbeat = { type: "Heartbeat", worker: "w1", generation: 1, usage: { requests: "many" } };
    expect(() => fromWorker(heartbeat)).toThrow(
      'Heartbeat.usage.requests: "many", not a whole number from 0 to',
    );
    const fork = { type: "Failed", worker: "w1", generation: 1, error: null };
    expect(() => fromWorker(fork)).toThrow("Failed.error: null, not an object");
  });

  it("what a strategy says on behalf of its worker no worker can send", () => {
    for (const type of ["Busy", "Suspended"])
      expect(() => fromWorker({ type, worker: "w1", generation: 1 })).toThrow("type");
  });

  it("an error that is longer than a reader takes is cut by its writer", () => {
    const error = wireErrorOf("X", "m".repeat(1e6), "s".repeat(1e6));
    expect(fromWorker({ type: "Failed", worker: "w1", generation: 1, error })).toMatchObject({ error });
  });
});
