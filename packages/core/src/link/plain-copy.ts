// A copy of any value that every link can carry and every reader can read, whatever the value does when it is looked at:
// getters and proxies that throw, functions, symbols, circles, lists that are a thousand levels deep. What cannot be copied is
// left out, one by one. Identity is kept: what stood in two places stands in two places of the copy. Errors are not copied
// here; whoever makes the copy puts something in their place.
// Rule: no code of the value can end the copy, and its cost is bounded. Rejected: trying structured clone first; it succeeds
// for values that the other side then cannot read (its stack may be smaller), and it knows no fields of errors.

import { types } from "node:util";

/** Of one copy: enough for the body of a response, and a tenth of a second at the most. */
const VALUES_MAX = 100_000;
/** V8 reads nested values with a stack frame for each level; 1,000 levels fit into the smallest stack that a worker gets. */
const DEPTH_MAX = 100;

/** In the place of what cannot be copied. */
export const LEFT_OUT: unique symbol = Symbol("left out");

interface Unfinished {
  readonly from: object;
  readonly into: object;
  readonly depth: number;
}

export class PlainCopy {
  readonly #errorFor: (error: object) => unknown;
  readonly #copies: Map<object, unknown> = new Map();
  readonly #unfinished: Unfinished[] = [];
  #left = VALUES_MAX;

  /** @param errorFor gives what stands for an error */
  constructor(errorFor: (error: object) => unknown) {
    this.#errorFor = errorFor;
  }

  /** The copy, or LEFT_OUT; complete after `finish`. */
  of(value: unknown, depth = 0): unknown {
    this.#left -= 1;
    if (this.#left < 0 || typeof value === "function" || typeof value === "symbol") return LEFT_OUT;
    if (typeof value !== "object" || value === null) return value;
    const known = this.#copies.get(value);
    if (known !== undefined) return known;
    const copy = depth > DEPTH_MAX ? LEFT_OUT : attempt(() => this.#begin(value, depth), LEFT_OUT);
    this.#copies.set(value, copy);
    return copy;
  }

  /** `copy` stands for `value` from now on. */
  note(value: object, copy: unknown): void {
    this.#copies.set(value, copy);
  }

  /** The own enumerable fields of an object, but those of the names in `without`. */
  fieldsOf(from: object, without: ReadonlySet<string>): Record<string, unknown> {
    const into = {};
    for (const key of attempt(() => Object.keys(from), [])) {
      if (!without.has(key)) this.#copyField(from, into, key, 1);
    }
    return into;
  }

  /** The levels nearest to the beginning first: what is far away is left out when there is too much. */
  finish(): void {
    for (let at = 0; at < this.#unfinished.length; at += 1) {
      const next = this.#unfinished[at];
      if (next !== undefined) attempt(() => this.#fill(next), undefined);
    }
    this.#unfinished.length = 0;
  }

  #begin(value: object, depth: number): unknown {
    if (isError(value)) return this.#errorFor(value);
    if (types.isDate(value)) return new Date(Date.prototype.getTime.call(value));
    if (types.isRegExp(value)) return value;
    if (types.isBoxedPrimitive(value)) return types.isSymbolObject(value) ? LEFT_OUT : value;
    if (types.isAnyArrayBuffer(value) || ArrayBuffer.isView(value)) return bytesOf(value);
    const into = containerFor(value);
    this.#unfinished.push({ from: value, into, depth: depth + 1 });
    return into;
  }

  #fill({ from, into, depth }: Unfinished): void {
    if (types.isMap(from) && types.isMap(into)) {
      for (const [key, value] of Map.prototype.entries.call(from)) {
        const copies = [this.of(key, depth), this.of(value, depth)];
        if (!copies.includes(LEFT_OUT)) into.set(copies[0], copies[1]);
      }
    } else if (types.isSet(from) && types.isSet(into)) {
      for (const value of Set.prototype.values.call(from)) {
        const copy = this.of(value, depth);
        if (copy !== LEFT_OUT) into.add(copy);
      }
    } else if (Array.isArray(into)) this.#fillList(from as readonly unknown[], into, depth);
    else for (const key of Object.keys(from)) this.#copyField(from, into, key, depth);
  }

  #fillList(from: readonly unknown[], into: unknown[], depth: number): void {
    for (let at = 0; at < from.length && this.#left > 0; at += 1) {
      const copy = attempt(() => this.of(from[at], depth), LEFT_OUT);
      into.push(copy === LEFT_OUT ? undefined : copy);
    }
  }

  #copyField(from: object, into: object, key: string, depth: number): void {
    if (this.#left <= 0) return;
    const value = attempt(() => this.of(Reflect.get(from, key), depth), LEFT_OUT);
    if (value === LEFT_OUT) return;
    // Defined, not assigned: a field may be named __proto__.
    Object.defineProperty(into, key, { value, writable: true, enumerable: true, configurable: true });
  }
}

/** @throws what a proxy throws */
function isError(value: object): boolean {
  return types.isNativeError(value) || value instanceof Error;
}

/** @throws for a proxy that was revoked */
function containerFor(value: object): object {
  if (types.isMap(value)) return new Map();
  if (types.isSet(value)) return new Set();
  return Array.isArray(value) ? [] : {};
}

/** Itself, where every link can carry it. Memory that threads share is copied; what was transferred away is empty. */
function bytesOf(value: ArrayBufferView | ArrayBufferLike): unknown {
  if (value.byteLength === 0) return new Uint8Array(0);
  const isShared = types.isSharedArrayBuffer(ArrayBuffer.isView(value) ? value.buffer : value);
  if (!isShared) return value;
  return ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice()
    : new Uint8Array(value).slice();
}

/** What `act` returns, or `fallback` when it throws. */
export function attempt<Value>(act: () => Value, fallback: Value): Value {
  try {
    return act();
  } catch {
    return fallback;
  }
}
