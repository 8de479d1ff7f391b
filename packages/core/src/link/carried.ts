// Values on links of processes. What surrounds a value (numbers of tasks, frames) must be read whatever the value is: one that
// cannot be read would take a whole message along, and on Node's IPC channel the reader's process. So everything that is not a
// plain number, text or the like travels as bytes of its own, which whoever wants the value decodes, and may fail to.

import { deserialize, serialize } from "node:v8";

/** Every link carries these as they are. */
export function isCarriedAsIs(value: unknown): boolean {
  if (value === null) return true;
  const type = typeof value;
  return type !== "object" && type !== "function" && type !== "symbol";
}

/** @throws what structured clone, or a getter of the value, throws */
export function encodeValue(value: unknown): Uint8Array {
  return serialize(value);
}

/** @throws for bytes that cannot be read here */
export function decodeValue(bytes: unknown): unknown {
  return deserialize(bytes as Uint8Array);
}
