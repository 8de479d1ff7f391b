// A frame as bytes, for links that carry bytes (the native one). JSON, as the IPC channel of a fresh process: the same
// values pass over both.

/** What was read, or null when it is no JSON. */
export function decodeJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8")) as unknown;
  } catch {
    return null;
  }
}

/** The same for links that carry text. */
export function decodeText(text: unknown): unknown {
  try {
    return typeof text === "string" ? (JSON.parse(text) as unknown) : null;
  } catch {
    return null;
  }
}

export function encodeJson(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
