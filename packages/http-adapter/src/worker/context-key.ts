// Where a worker process keeps its context: on globalThis under a registered symbol. A module variable would not
// do, because the application may load another copy of this package than the worker's host. Only the host writes
// it, only in a worker, once, before the entry is loaded.

import type { WorkerContext } from "@brood/core/worker";

const CONTEXT: unique symbol = Symbol.for("brood.http-adapter.worker");

export function publishContext(context: WorkerContext): void {
  Object.defineProperty(globalThis, CONTEXT, { value: context, configurable: true });
}

export function publishedContext(): WorkerContext | undefined {
  return Reflect.get(globalThis, CONTEXT);
}
