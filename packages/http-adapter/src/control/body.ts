// The JSON body of a control request, bounded: whoever may open the socket must still not fill the memory.

import type { IncomingMessage } from "node:http";
import { badOption } from "@brood/core/errors";

const BODY_BYTES_MAX = 16 * 1024;

/** The object in the body, empty for no body. @throws PoolError BROOD_BAD_OPTION when it is too large or no JSON object. */
export async function readBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    length += chunk.length;
    if (length > BODY_BYTES_MAX)
      throw badOption("body", `${length} bytes`, `at most ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  return text.trim() === "" ? {} : parse(text);
}

function parse(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badOption("body", text.slice(0, 80), "a JSON object");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badOption("body", text.slice(0, 80), "a JSON object");
  }
  return Object.fromEntries(Object.entries(value));
}
