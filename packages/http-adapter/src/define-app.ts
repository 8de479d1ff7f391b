// `defineApp` marks a function that makes the application, so that the worker can tell it from a `(req, res)`
// listener: both are plain functions. The mark is a registered symbol, because the application may load another
// copy of this package than the worker does, and both copies must agree.

import type { WorkerContext } from "@brood/core/worker";

/** Under this key the entry's default export carries the function that makes the application. */
export const APP_FACTORY: unique symbol = Symbol.for("brood.http-adapter.app-factory");

/** What `defineApp` returns: the default export of an entry. */
export interface DefinedApp {
  readonly [APP_FACTORY]: (context: WorkerContext) => unknown;
}

/** An entry whose application needs its worker's context, or something asynchronous first:
 *  `export default defineApp(async (ctx) => app)`.
 *  @param create called once in each worker before `warmup`; returns, or resolves with, anything that an entry may
 *    export by default: a `(req, res)` listener, an Express or Fastify app, a server, an object with `fetch`.
 *    When it throws or rejects the worker fails to boot. */
export function defineApp(create: (context: WorkerContext) => unknown): DefinedApp {
  return { [APP_FACTORY]: create };
}
