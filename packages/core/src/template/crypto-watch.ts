// Who draws random bytes and who uses memory for cryptography, while a template loads: every function of node:crypto and of
// WebCrypto is led through here, for require and import alike, and given back before the first fork. One that the application
// has kept for itself passes through from then on. Whoever took a function before (a module preloaded with --require) is not seen.

import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

/** Offsets and lengths in bytes. */
export interface CryptoWatcher {
  drawn(memory: ArrayBufferLike, offset: number, length: number): void;
  used(memory: ArrayBufferLike, offset: number, length: number): void;
}

type Callable = (this: unknown, ...parameters: unknown[]) => unknown;
/** Sees a call; may change its parameters before and read its result after. */
type Around = (parameters: unknown[], call: () => unknown) => unknown;

/** Of randomBytes. */
const OLD_NAMES: readonly string[] = ["pseudoRandomBytes", "prng", "rng"];

/** @returns ends it */
export function watchCrypto(watcher: CryptoWatcher): () => void {
  const { webcrypto } = crypto;
  const undo: (() => void)[] = [];
  let isOn = true;
  const lead = (target: object, name: string, around: Around): void => {
    const property = Object.getOwnPropertyDescriptor(target, name);
    const original: unknown = property?.configurable === true ? Reflect.get(target, name) : undefined;
    if (property === undefined || typeof original !== "function") return;
    const led: Callable = function (...parameters) {
      const call = (): unknown => Reflect.apply(original, this, parameters);
      return isOn ? around(parameters, call) : call();
    };
    // Also what util.promisify looks for.
    Object.defineProperties(led, Object.getOwnPropertyDescriptors(original));
    const enumerable = property.enumerable === true;
    Object.defineProperty(target, name, { value: led, enumerable, configurable: true, writable: true });
    // Who has put something of its own in this place meanwhile keeps it.
    undo.push(() => {
      if (Reflect.get(target, name) === led) Object.defineProperty(target, name, property);
    });
  };

  const uses: Around = (parameters, call) => {
    for (const each of parameters) noteUse(each, watcher);
    return call();
  };
  const draws = drawing(watcher);
  for (const [name, around] of Object.entries(draws)) lead(crypto, name, around);
  for (const name of OLD_NAMES) lead(crypto, name, draws.randomBytes);
  lead(Object.getPrototypeOf(webcrypto), "getRandomValues", draws.randomFillSync);
  for (const name of methodsOf(crypto)) if (!(name in draws)) lead(crypto, name, uses);
  for (const target of [Object.getPrototypeOf(webcrypto.subtle), ...prototypes()])
    for (const name of methodsOf(target)) lead(target, name, uses);
  syncBuiltinESMExports();
  return () => {
    isOn = false;
    for (const each of undo) each();
    syncBuiltinESMExports();
  };
}

function drawing(watcher: CryptoWatcher): Record<"randomBytes" | "randomFill" | "randomFillSync", Around> {
  const filled = (view: unknown, range: readonly unknown[] = []): void => {
    const memory = memoryOf(view);
    if (memory === null) return;
    const [offset, size] = range;
    const unit = memory.unit;
    const start = typeof offset === "number" ? offset * unit : 0;
    const length = typeof size === "number" ? size * unit : memory.length - start;
    watcher.drawn(memory.buffer, memory.offset + start, length);
  };
  const whenDone = (parameters: unknown[], done: (result: unknown) => void): boolean => {
    const callback = parameters.at(-1);
    if (typeof callback !== "function") return false;
    parameters[parameters.length - 1] = function (this: unknown, error: unknown, result: unknown) {
      if (!error) done(result);
      return Reflect.apply(callback, this, [error, result]);
    };
    return true;
  };
  return {
    randomBytes(parameters, call) {
      if (whenDone(parameters, (result) => filled(result))) return call();
      const result = call();
      filled(result);
      return result;
    },
    randomFill(parameters, call) {
      const [view, ...range] = parameters;
      whenDone(parameters, () => filled(view, range));
      return call();
    },
    randomFillSync(parameters, call) {
      const [view, ...range] = parameters;
      const result = call();
      filled(view, range);
      return result;
    },
  };
}

/** Of what `update`, `setPrivateKey` and so on belong to. */
function prototypes(): object[] {
  return Object.entries(crypto).flatMap(([name, value]) =>
    /^[A-Z]/.test(name) && typeof value === "function" && typeof value.prototype === "object"
      ? [value.prototype as object]
      : [],
  );
}

/** Accessors are not asked: they throw on a prototype. */
function methodsOf(target: object): string[] {
  return Object.entries(Object.getOwnPropertyDescriptors(target)).flatMap(([name, { value }]) =>
    /^[a-z]/.test(name) && name !== "constructor" && typeof value === "function" ? [name] : [],
  );
}

/** Parameters, and the fields of options: `{ iv }`, `{ salt }`, `{ key }`. */
function noteUse(value: unknown, watcher: CryptoWatcher): void {
  if (typeof value !== "object" || value === null) return;
  const memory = memoryOf(value);
  if (memory !== null) return watcher.used(memory.buffer, memory.offset, memory.length);
  for (const { value: field } of Object.values(Object.getOwnPropertyDescriptors(value))) {
    const within = memoryOf(field);
    if (within !== null) watcher.used(within.buffer, within.offset, within.length);
  }
}

interface Memory {
  readonly buffer: ArrayBufferLike;
  readonly offset: number;
  readonly length: number;
  /** Bytes an element. */
  readonly unit: number;
}

function memoryOf(value: unknown): Memory | null {
  if (ArrayBuffer.isView(value)) {
    const unit = "BYTES_PER_ELEMENT" in value ? Number(value.BYTES_PER_ELEMENT) : 1;
    return { buffer: value.buffer, offset: value.byteOffset, length: value.byteLength, unit };
  }
  const isMemory = value instanceof ArrayBuffer || value instanceof SharedArrayBuffer;
  return isMemory ? { buffer: value, offset: 0, length: value.byteLength, unit: 1 } : null;
}
