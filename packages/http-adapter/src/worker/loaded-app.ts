// The part of a release that all of its workers have in common: the entry is loaded, its application found, warmed up and
// made ready. In a fresh worker this is the first half of its boot; a template does it once, and its forks go on from there.
// An entry that listens and does not settle (it awaits its own `listen()`) is known by its server; its hooks come later.

import { resolve } from "node:path";
import { detached, ignored } from "@brood/core/callbacks";
import type { LoadOrder as LoadOrderOfEngine } from "@brood/core/worker";
import { PORT_DEFAULT } from "../listen/addresses.ts";
import { PendingWork } from "../sharing/pending-work.ts";
import { NOTHING_LEARNED } from "../sharing/wanted.ts";
import { type AppServer, plain } from "./app-server.ts";
import { chooseApplication, serverAfterBoot } from "./application.ts";
import { prepareCluster } from "./cluster-script.ts";
import { publishContext } from "./context-key.ts";
import { type EntryExports, readEntryExports } from "./entry-exports.ts";
import { guardPaths } from "./guarded-paths.ts";
import type { HttpHostData } from "./host-data.ts";
import type { ListenCapture } from "./listen-capture.ts";
import type { CaptureKnown } from "./listen-known.ts";
import type { ScriptConventions } from "./script-conventions.ts";
import { unoptimized } from "./unoptimized.ts";
import { sendWarmupRequests } from "./warmup-requests.ts";

export type LoadOrder = Pick<LoadOrderOfEngine, "context" | "loadEntry" | "holding">;

/** What looks at the program, from before it is loaded. */
export interface ProgramWatch {
  readonly script: ScriptConventions;
  readonly capture: ListenCapture;
}

export interface LoadedApp {
  readonly app: AppServer;
  /** Null while the entry still runs: then `late` will bring them. */
  readonly exports: EntryExports | null;
  /** What rejects here unheard ends the process, as it would without us. */
  readonly late: Promise<EntryExports>;
  /** `onWorkerBoot` has been called: it is what listens. */
  readonly hasBooted: boolean;
}

export async function loadApp(
  order: LoadOrder,
  hostData: Required<HttpHostData>,
  { script, capture }: ProgramWatch,
): Promise<LoadedApp> {
  // That of a template's program goes on in its workers, which know what is left of it there.
  const pending = isTemplate(order) ? capture.pending : new PendingWork();
  publishContext(order.context);
  capture.install();
  guardSockets(capture, hostData);
  script.install(order.context.slot);
  await prepareCluster(order.context.release.entry, order.context.slot);
  const loading = load(order);
  const stillRunning = capture.listened().then(() => null);
  const exports = await Promise.race([loading, stillRunning]);
  const chosen =
    exports === null
      ? plain(await capture.listened(), null)
      : await chooseApplication(exports, capture, order, pending);
  await exports?.warmup?.(order.context);
  const booting = chosen === null && exports !== null ? bootIn(order, exports, capture) : null;
  if (booting !== null) await booting;
  const app = chosen ?? (exports === null ? null : await serverAfterBoot(exports, capture, order, pending));
  if (app === null) throw new TypeError("a program without exports was chosen to boot");
  if (exports !== null) await app.ready();
  await warmUp(order, app, hostData.warmup);
  return { app, exports, late: loading, hasBooted: booting !== null };
}

/** Of the worker, or the template, that runs this. */
export function knownOf({ addresses, handoff, sharing }: Required<HttpHostData>): CaptureKnown {
  const port = Number(process.env["PORT"] || Number.NaN);
  const isPort = Number.isInteger(port) && port >= 0 && port <= 65_535;
  const known = sharing ?? { isGiven: true, descriptors: [], learned: NOTHING_LEARNED };
  return {
    ...known,
    isShared: sharing !== null,
    addresses,
    handoff,
    port: isPort ? port : null,
    defaultPort: PORT_DEFAULT,
  };
}

function guardSockets(capture: ListenCapture, { addresses, sharing }: Required<HttpHostData>): void {
  const isOwn = sharing?.isGiven === false;
  // Without `--listen` it listens where its path says.
  const unmade = (): string | null => (isOwn ? null : (capture.call?.path ?? null));
  const shared = unixPaths([...addresses, ...(sharing?.learned.shared ?? [])]);
  if (shared.length > 0) return guardPaths(shared, unmade);
  // It may listen on a path of its own, which is not made under `--listen`: it is served on the supervisor's port.
  const guarding = capture.listened().then(() => {
    const path = capture.call?.path ?? null;
    if (path !== null) guardPaths(isOwn ? [resolve(path)] : [], unmade);
  });
  detached(guarding, ignored);
}

function unixPaths(addresses: readonly string[]): readonly string[] {
  return addresses.flatMap((address) => /^unix:(.+)/.exec(address)?.[1] ?? []);
}

async function warmUp(
  order: LoadOrder,
  { server }: AppServer,
  warmup: Required<HttpHostData>["warmup"],
): Promise<void> {
  const { holding } = order;
  if (holding === undefined || !isTemplate(order)) return sendWarmupRequests(server, warmup);
  const mayBeStuck = (): boolean => holding.made > 0;
  await holding.busy(unoptimized(() => sendWarmupRequests(server, warmup, { mayBeStuck })));
}

/** The context is not any worker's yet. */
function isTemplate({ context }: LoadOrder): boolean {
  return context.slot < 0;
}

async function load(order: LoadOrder): Promise<EntryExports> {
  return readEntryExports(await order.loadEntry());
}

/** A program that listens in `onWorkerBoot`: its application is known only then, so a template is forked before it. The hook may
 *  wait for its server to listen, which it does only when the worker opens. */
async function bootIn(order: LoadOrder, exports: EntryExports, capture: ListenCapture): Promise<void> {
  await order.holding?.forked();
  const hook = Promise.resolve(exports.onWorkerBoot?.(order.context));
  await Promise.race([hook, capture.listened()]);
  // What it rejects with later is the program's own unhandled error.
  detached(hook, (error) =>
    process.nextTick(() => {
      throw error;
    }),
  );
}
