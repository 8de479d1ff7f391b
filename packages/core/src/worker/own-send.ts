// `process.send` in a task process. The channel carries the pool's answers; what a task sends by itself goes beside them, marked
// and as bytes, and arrives as the pool's `message` event. Node would send it as it is: an array would be an answer, and a value
// that the pool's process cannot read would end that process.

import { syncBuiltinESMExports } from "node:module";
import { encodeValue } from "../link/carried.ts";
import type { Posted } from "../link/task-protocol.ts";

/** @param post takes what Node's `process.send` takes after the message: a handle, options, a callback */
export function replaceSend(post: (message: Posted, ...rest: readonly unknown[]) => unknown): void {
  const send = (message: unknown, ...rest: readonly unknown[]): unknown => {
    if (message === undefined) throw new TypeError("process.send() needs a message");
    return post({ posted: encodeValue(message) }, ...rest);
  };
  Reflect.set(process, "send", send);
  syncBuiltinESMExports();
}
