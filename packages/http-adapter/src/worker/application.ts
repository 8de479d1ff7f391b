// Decides what a worker serves, once its entry has been evaluated. In this order: a server on which the script
// called `listen()`, for that is what the script would have served; else the default export; else the worker waits
// for the script's first `listen()`, which may come late (after a database connection). The boot deadline that
// bounds the wait is the engine's.
// Only what cannot become a script is an error: a default export that is no application, and no `listen()` so far.

import { PoolError } from "@brood/core/errors";
import type { HostOrder } from "@brood/core/worker";
import { ACCEPTED_APPS, type AppKind, kindOfApp } from "./app-kind.ts";
import { type AppServer, plain, serverOf } from "./app-server.ts";
import type { EntryExports } from "./entry-exports.ts";
import type { ListenCapture } from "./listen-capture.ts";

/** @throws PoolError BROOD_BOOT_FAILED, naming the entry, what was found and what is accepted */
export async function chooseApplication(
  exports: EntryExports,
  capture: ListenCapture,
  order: Pick<HostOrder, "context">,
): Promise<AppServer> {
  const exported = kindOfApp(exports.app);
  const isMade = exported.kind === "factory" && capture.call === null;
  const kind = isMade ? kindOfApp(await exported.create(order.context)) : exported;
  const app = kind.kind === "factory" || kind.kind === "unusable" ? null : await serverOf(kind);
  if (app !== null && capture.call === null) {
    capture.adopt(app.server, app.listener);
    return app;
  }
  if (capture.call === null && (isMade || !mayListenLater(exports))) throw unusable(kind, isMade, order);
  const server = await capture.first;
  return app !== null && kind.kind === "fastify" ? { ...app, server } : plain(server, null);
}

/** Without a default export the entry is a script. So it may be in CommonJS with a plain object, which is there
 *  anyway or holds something else (`module.exports = { app, start }`). */
function mayListenLater(exports: EntryExports): boolean {
  if (exports.app === undefined) return true;
  if (!exports.isCommonJs || typeof exports.app !== "object" || exports.app === null) return false;
  const prototype: unknown = Object.getPrototypeOf(exports.app);
  return prototype === Object.prototype || prototype === null;
}

function unusable(kind: AppKind, isMade: boolean, order: Pick<HostOrder, "context">): PoolError {
  const { slot, worker, generation, release } = order.context;
  const subject = isMade ? "what its defineApp function returned" : "its default export";
  const found = kind.kind === "unusable" ? kind.found : "defineApp(...) once more";
  return new PoolError(
    "BROOD_BOOT_FAILED",
    `cannot serve ${release.entry}: ${subject} is ${found}, ` +
      `and it has not called listen(). Accepted are ${ACCEPTED_APPS}.`,
    { details: { slot, worker, generation, entry: release.entry, found } },
  );
}
