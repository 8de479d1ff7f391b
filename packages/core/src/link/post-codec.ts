// Values that structured clone can carry, as text for links that carry text (the posts of a forked worker's link).

import { deserialize, serialize } from "node:v8";

/** @throws DataCloneError */
export function encodePost(value: unknown): string {
  return serialize(value).toString("base64");
}

export function decodePost(payload: unknown): unknown {
  return deserialize(Buffer.from(String(payload), "base64"));
}
