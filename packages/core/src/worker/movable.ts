// `move(value)`: the value travels by transfer instead of by copy. Piscina's and Tinypool's own `move()` are understood as
// well: they publish their symbols for the value and its transferable, but mark it with a symbol that is theirs alone.

import { types } from "node:util";

const TRANSFERABLE = Symbol.for("Piscina.transferable");
const TINYPOOL_TRANSFERABLE = Symbol.for("Tinypool.transferable");
const VALUE = Symbol.for("Piscina.valueOf");
const TINYPOOL_VALUE = Symbol.for("Tinypool.valueOf");
const MOVED = Symbol.for("brood.moved");
const MARKS: readonly (string | undefined)[] = ["brood.moved", "Piscina.kMovable", "Tinypool.kMovable"];

/** A value on the move: what the other side gets, and what is transferred for it. */
export interface Moved {
  readonly value: unknown;
  readonly transfer: readonly unknown[];
}

/** Marks `value` (an ArrayBuffer, a view of one, a MessagePort, or anything with piscina's transferable symbols) to be
 *  moved: as a task, or as a task's result. What is not an object is returned as it is. */
export function move<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null) return value;
  const transferable: unknown = TRANSFERABLE in value ? Reflect.get(value, TRANSFERABLE) : bufferOf(value);
  const inner: unknown = VALUE in value ? Reflect.get(value, VALUE) : value;
  const moved = { [MOVED]: true, [TRANSFERABLE]: transferable, [VALUE]: inner };
  return moved as Value;
}

/** Null for a value that nobody marked. */
export function movedOf(value: unknown): Moved | null {
  if (typeof value !== "object" || value === null) return null;
  if (!(TRANSFERABLE in value) && !(TINYPOOL_TRANSFERABLE in value)) return null;
  const isMarked = Object.getOwnPropertySymbols(value).some((symbol) => MARKS.includes(symbol.description));
  if (!isMarked) return null;
  const transferable = Reflect.get(value, TRANSFERABLE) ?? Reflect.get(value, TINYPOOL_TRANSFERABLE);
  const inner = Reflect.get(value, VALUE) ?? Reflect.get(value, TINYPOOL_VALUE);
  return { value: inner, transfer: [transferable].flat() };
}

function bufferOf(value: object): unknown {
  return types.isArrayBufferView(value) ? value.buffer : value;
}
