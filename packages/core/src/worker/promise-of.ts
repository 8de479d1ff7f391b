// What a task's result is waited for by: as `await` does, but without a promise of its own for results that are none, which
// would be most of a short task's cost. A `then` is read once; whatever it does (throws, settles twice) counts once.

import { types } from "node:util";

const { then: PROMISE_THEN } = Promise.prototype;

/** Null: there is nothing to wait for. @throws what looking at the value throws */
export function promiseOf(value: unknown): Promise<unknown> | null {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return null;
  const then: unknown = Reflect.get(value, "then");
  if (typeof then !== "function") return null;
  if (then === PROMISE_THEN && types.isPromise(value)) return value;
  return new Promise((resolve, reject) => Reflect.apply(then, value, [resolve, reject]));
}
