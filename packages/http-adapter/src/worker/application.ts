// Decides what a worker serves, once its entry has been evaluated. In this order: a server on which the script called
// `listen()`, for that is what the script would have served; else the default export, or what it makes when it is called; else
// the worker waits for the script's first `listen()`, which may come late (after a database connection), as long as the
// program has something to do that may end in one. When nothing is left that could, there is nothing to serve: under Node
// such a program would have ended. The boot deadline that bounds the wait is the engine's. A script may also export its
// application, for its tests, and listen later: as long as it is busy, and not for long, that is waited for.

import { createRequire } from "node:module";
import type { Server } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { PoolError } from "@brood/core/errors";
import type { HostOrder, LoadOrder } from "@brood/core/worker";
import type { PendingWork } from "../sharing/pending-work.ts";
import { ACCEPTED_APPS, type AppKind, kindOfApp } from "./app-kind.ts";
import { type AppServer, type LoadPackage, plain, servedBy, serverOf } from "./app-server.ts";
import type { EntryExports } from "./entry-exports.ts";
import type { ListenCapture } from "./listen-capture.ts";
import { inWords } from "./value-words.ts";

/** Nothing is pending for so long: what is not looked at (a computation in a thread) has had its time. */
const QUIET_MS = 300;

/** @returns null: nothing is served so far, and `onWorkerBoot` may listen
 *  @throws PoolError BROOD_BOOT_FAILED, BROOD_NOTHING_SERVED, naming the entry, what was found and what is accepted */
export async function chooseApplication(
  exports: EntryExports,
  capture: ListenCapture,
  order: Pick<LoadOrder, "context" | "holding">,
  pending: Pick<PendingWork, "done" | "isPending">,
): Promise<AppServer | null> {
  const { resolves, load } = packagesOf(order.context.release.entry);
  const hasFastify = resolves("fastify");
  const exported = kindOfApp(exports.app, hasFastify);
  const isMade = exported.kind === "factory" && capture.call === null;
  const made = isMade ? await make(exported, order) : exports.app;
  const kind = isMade && made !== exports.app ? kindOfApp(made, hasFastify) : exported;
  if (isServable(kind)) await capture.mayListen();
  if (capture.call === null && isServable(kind)) {
    const app = await serverOf(kind, load);
    capture.adopt(app.server, app.listener);
    return app;
  }
  const server = await listened(capture, pending, order.holding);
  if (server === null && exports.onWorkerBoot !== undefined && !isMade) return null;
  if (server === null) throw nothingServed(exports, isMade, made, order);
  return kind.kind === "served" && kind.app.isFastify
    ? { ...servedBy(kind.app), server }
    : plain(server, null);
}

/** Of a program that listens in `onWorkerBoot`, once that has been called. @throws PoolError BROOD_NOTHING_SERVED */
export async function serverAfterBoot(
  exports: EntryExports,
  capture: ListenCapture,
  order: Pick<LoadOrder, "context" | "holding">,
  pending: Pick<PendingWork, "done" | "isPending">,
): Promise<AppServer> {
  const server = await listened(capture, pending, order.holding);
  if (server === null) throw nothingServed(exports, false, exports.app, order);
  return plain(server, null);
}

type Factory = Extract<AppKind, { readonly kind: "factory" }>;

/** What the function makes. One that answers instead of making something is an application itself: a fetch handler. */
async function make({ create, isSure }: Factory, { context }: Pick<HostOrder, "context">): Promise<unknown> {
  if (isSure) return create(context);
  try {
    const made = await create(context);
    return made instanceof Response ? { fetch: create } : made;
  } catch (cause) {
    const message = `${context.release.entry}: its default export was called to make the application, and threw`;
    throw new Error(message, { cause });
  }
}

function isServable(kind: AppKind): kind is Exclude<AppKind, { readonly kind: "factory" | "unusable" }> {
  return kind.kind !== "factory" && kind.kind !== "unusable";
}

/** Null: nothing is left that could listen. */
async function listened(
  capture: ListenCapture,
  pending: Pick<PendingWork, "done" | "isPending">,
  holding: LoadOrder["holding"],
): Promise<Server | null> {
  // What is held in a template is done in a worker, and may end in one there.
  const isHeld = (): boolean => holding?.isEmpty === false;
  const hasListened = (): boolean => capture.main !== null;
  const nothingIsLeft = async (): Promise<null> => {
    for (;;) {
      await pending.done(Number.POSITIVE_INFINITY, hasListened);
      if (!hasListened()) await delay(QUIET_MS, undefined, { ref: false });
      if (!hasListened() && !pending.isPending && !isHeld() && !capture.isJudging) return null;
      // It will come, whatever is pending.
      if (hasListened()) return new Promise(() => {});
    }
  };
  return Promise.race([capture.listened(), nothingIsLeft()]);
}

function packagesOf(entry: string): {
  readonly resolves: (name: string) => boolean;
  readonly load: LoadPackage;
} {
  const require = createRequire(entry);
  return {
    resolves(name) {
      try {
        return require.resolve(name) !== "";
      } catch {
        return false;
      }
    },
    load: (name) => import(pathToFileURL(require.resolve(name)).href),
  };
}

function nothingServed(
  { app, names }: EntryExports,
  isMade: boolean,
  made: unknown,
  { context }: Pick<HostOrder, "context">,
): PoolError {
  const { slot, worker, generation, release } = context;
  const exported = names.length === 0 ? "nothing" : `{ ${names.slice(0, 5).join(", ")} }`;
  const found = isMade
    ? `the function that it exports returned ${inWords(made)}`
    : app === undefined || isPlain(app)
      ? `it exports ${exported}`
      : `its default export is ${inWords(app)}`;
  return new PoolError(
    "BROOD_NOTHING_SERVED",
    `nothing to serve in ${release.entry}: it has loaded, ${found}, and nobody has called listen(). ` +
      `Export the application itself (export default app, module.exports = app). Accepted are ${ACCEPTED_APPS}.`,
    { details: { slot, worker, generation, entry: release.entry, found } },
  );
}

function isPlain(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
