// What runs in a worker, from its first report to its farewell:
//   Hello (who I am, what I found on disk) -> boot the host -> Booted, wait to be admitted -> healthy -> open -> Ready,
//   heartbeats
//   -> Drain (told, also when it was sent TERM and has asked; or the supervisor is gone) -> answer what was accepted -> close the application -> Bye, exit.
// Every end goes through `leave`; a boot that fails says why before it exits.

import { format } from "node:util";
import { PoolError } from "../errors.ts";
import { asError, cutCircle, wireErrorOf } from "../link/described.ts";
import { detached } from "../link/detached.ts";
import type { BootOrder, SupervisorMessage, WorkerMessage } from "../link/protocol.ts";
import { duplicateDescriptor } from "../native/duplicate.ts";
import { foundRelease } from "../release/stamps.ts";
import { untilHealthy, watchHealth } from "./health.ts";
import { type Heartbeat, startHeartbeat } from "./heartbeat.ts";
import type { CreateWorkerHost, HostOrder, LoadedRelease, MutableContext, WorkerHost } from "./host.ts";
import type { WorkerLink } from "./link.ts";
import { loadEntry } from "./load-entry.ts";
import { outputWritten, writeOutputAtOnce } from "./output.ts";
import { keepOwnSignals } from "./own-signals.ts";
import { createPlainHost } from "./plain-host.ts";
import { holdSignals, releaseSignals } from "./signals.ts";
import { locateSyntaxError } from "./syntax-error.ts";
import { drainWhenOrphaned } from "./watchdog.ts";

type Unsigned<Message> = Message extends unknown ? Omit<Message, "worker" | "generation"> : never;

/** After the supervisor's death its workers are gone within 5 s; this leaves a margin. */
const ORPHAN_DRAIN_MS = 4_000;

/** Their messages say all. */
const SELF_EXPLAINING: ReadonlySet<string> = new Set(["BROOD_HEALTH_CHECK", "BROOD_NOTHING_SERVED"]);

/** What a forked worker has from its template. */
export interface Inheritance {
  readonly loaded: LoadedRelease;
  /** The template's; applications may hold it. It becomes the worker's. */
  readonly context: MutableContext;
  readonly draining: AbortController;
  /** Called when all that makes the worker ready is done; `rehearse` is its host's. */
  readonly whenReady: (rehearse: () => Promise<void>) => void;
}

export async function runWorker(
  link: WorkerLink,
  order: BootOrder,
  inheritance: Inheritance | null = null,
): Promise<void> {
  const worker = createWorker(link, order, inheritance);
  link.onMessage((message, handle) => worker.receive(message, handle));
  link.onClose(() => worker.orphaned());
  // A thread gets no signals; there this serves an application that emits the event itself.
  holdSignals(() => worker.signalled());
  if (order.runtime === "thread") keepOwnSignals();
  process.on("uncaughtExceptionMonitor", (error) => worker.confess(error));
  await worker.boot();
}

interface RunningWorker {
  boot(): Promise<void>;
  receive(message: SupervisorMessage, handle: unknown): void;
  confess(error: unknown): void;
  /** It was sent TERM. */
  signalled(): void;
  orphaned(): void;
}

function createWorker(link: WorkerLink, order: BootOrder, inheritance: Inheritance | null): RunningWorker {
  const { watches } = order;
  const draining = inheritance?.draining ?? new AbortController();
  let isAdmitted = false;
  let admit: () => void = () => {};
  const admission = new Promise<void>((resolve) => {
    admit = resolve;
  });
  let host: WorkerHost | null = null;
  let heartbeat: Heartbeat | null = null;
  let hasStartedDrain = false;
  let isLingering = false;

  const send = (message: Unsigned<WorkerMessage>): void => {
    link.send({ worker: order.worker, generation: order.generation, ...message } as WorkerMessage);
  };

  const boot = async (): Promise<void> => {
    // A forked worker runs what its template has loaded, whatever lies on disk by now.
    const release = inheritance?.context.release ?? (await foundRelease(order.release, order.stamps));
    send({ type: "Hello", release, pid: process.pid });
    const context: MutableContext = inheritance?.context ?? {
      ...contextOf(order),
      release,
      signal: draining.signal,
    };
    Object.assign(context, contextOf(order));
    host = await createHost(order, inheritance?.loaded ?? null, {
      context,
      hostData: order.hostData,
      sockets: order.sockets,
      countsAnswers: watches?.answers === true,
      ownSocket: order.runtime === "thread" ? duplicateDescriptor : (descriptor) => descriptor,
      loadEntry: () => loadEntry(order.release.entry),
      post: (payload) => send({ type: "Post", payload }),
      lingering: () => linger(),
      unref: () => link.unref(),
    });
    await host.boot();
    if (!isAdmitted) send({ type: "Booted" });
    await admission;
    const check = host.check?.bind(host);
    if (watches !== undefined) await untilHealthy(async () => check?.() ?? undefined, watches.healthCheck);
    await host.open();
    inheritance?.whenReady(async () => host?.rehearse?.());
    heartbeat = beating(host);
    drainWhenOrphaned();
    send({ type: "Ready" });
    if (watches !== undefined)
      watchHealth(
        async () => check?.() ?? undefined,
        watches.healthCheck,
        (error) => detached(fail(error), () => process.exit(1)),
      );
  };

  const beating = (from: WorkerHost): Heartbeat =>
    startHeartbeat(
      {
        intervalMs: order.heartbeatIntervalMs,
        runtime: order.runtime,
        measuresDelay: watches?.eventLoopDelay === true,
      },
      () => from.usage(),
      (usage) => {
        const answers = watches?.answers === true ? from.answers?.() : undefined;
        send({ type: "Heartbeat", usage, ...(answers === undefined ? {} : { answers }) });
      },
    );

  const drainAndExit = async (): Promise<void> => {
    if (host === null || heartbeat === null) process.exit(0);
    send({ type: "Draining" });
    hasStartedDrain = true;
    await host.drain();
    await writeOutputAtOnce();
    releaseSignals();
    await host.close();
    send({ type: "Bye" });
    await Promise.all([link.flush(), outputWritten()]);
    process.exit(0);
  };

  const linger = (): void => {
    if (!hasStartedDrain || isLingering) return;
    isLingering = true;
    send({ type: "Lingering" });
  };

  const fail = async (error: unknown): Promise<never> => {
    // A failure that explains itself needs no stack into our own code.
    process.stderr.write(`${error instanceof PoolError ? error.message : format(error)}\n`);
    confess(error);
    await Promise.all([link.flush(), outputWritten()]);
    process.exit(1);
  };

  const confess = (error: unknown): void => {
    if (process.listenerCount("uncaughtException") > 0) return;
    if (order.runtime === "thread") cutCircle(error);
    if (order.runtime === "thread" && heartbeat === null) locateSyntaxError(error, order.release.entry);
    const { message, stack } = asError(error);
    const isUnfit = error instanceof PoolError && SELF_EXPLAINING.has(error.code);
    const code = heartbeat === null ? "BROOD_BOOT_FAILED" : "BROOD_WORKER_EXITED";
    const when = heartbeat === null ? "failed to boot: " : "threw: ";
    const said = isUnfit
      ? wireErrorOf(error.code, message, stack)
      : wireErrorOf(code, `${when}${message}`, stack);
    send({ type: "Failed", error: said });
  };

  const leave = (): void => {
    if (draining.signal.aborted) return;
    draining.abort();
    detached(drainAndExit().catch(fail), () => process.exit(1));
  };

  return {
    boot: () => boot().catch(fail),
    confess,
    signalled() {
      if (!draining.signal.aborted) send({ type: "Signalled" });
    },
    orphaned() {
      setTimeout(() => process.exit(1), ORPHAN_DRAIN_MS).unref();
      leave();
    },
    receive(message, handle) {
      if (message.type === "Admit") {
        isAdmitted = true;
        admit();
      } else if (message.type === "Drain") leave();
      else if (message.type === "Report") heartbeat?.beat();
      else if (message.type === "Post") host?.message?.(message.payload, handle);
    },
  };
}

async function createHost(
  order: BootOrder,
  loaded: LoadedRelease | null,
  hostOrder: HostOrder,
): Promise<WorkerHost> {
  if (loaded !== null) return loaded.createWorkerHost(hostOrder);
  if (order.host === null) return createPlainHost(hostOrder);
  const module: { readonly createWorkerHost: CreateWorkerHost } = await import(order.host);
  return module.createWorkerHost(hostOrder);
}

function contextOf(order: BootOrder): Omit<HostOrder["context"], "release" | "signal"> {
  const { slot, worker, generation, name, spawn, runtime } = order;
  return { slot, worker, generation, name, spawn, runtime };
}
