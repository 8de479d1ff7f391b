// Starts a server in any host process: sockets first, then the workers that accept on them. Nothing global is
// touched: no signal handler, no process.exit; two servers in one process do not know of each other.
// Order: control socket (the lock on the name) -> addresses -> pidfile -> workers. Each step pushes its undoing on one
// stack, which serves the failed start and the stop alike. The supervisor never accepts a connection itself.

import { createService, type Service } from "@brood/core";
import { CallbackGuard, detached, guardLogger, ignored, textOf } from "@brood/core/callbacks";
import { PoolError } from "@brood/core/errors";
import { DRAIN_TIMEOUT_DEFAULT_MS } from "@brood/core/options";
import { type ConfigSource, Configuration } from "./configuration.ts";
import { namesake } from "./control/locate.ts";
import { controlPath } from "./control/paths.ts";
import { type ControlServer, nameTaken, openControlServer } from "./control/server.ts";
import { connectionHandoff } from "./handoff/connection-handoff.ts";
import { createMovingDelivery, type Handoff, listenerHandoff } from "./handoff/handoff.ts";
import { reuseportHandoff } from "./handoff/reuseport-handoff.ts";
import { bindAddresses, claimWithin } from "./listen/bind.ts";
import { AT_ONCE } from "./listen/last-connections.ts";
import { pathNews } from "./listen/path-news.ts";
import { LogFile } from "./log-files.ts";
import { inspectPidfile, type PidfileState, writePidfile } from "./pidfile.ts";
import { ReleaseStack } from "./release-stack.ts";
import type { ServeOptions } from "./serve-options.ts";
import { createServer, type Server } from "./server.ts";
import { type ServiceParts, serviceOptions } from "./service-options.ts";
import { SharedListeners, type SharingOptions } from "./sharing/shared-listeners.ts";
import { withShared } from "./sharing/with-shared.ts";
import { foreignSockets } from "./systemd/inherited-sockets.ts";
import { TicketKeys } from "./ticket-keys.ts";

/** Orphans look at their channel at once, but a blocked one needs up to its heartbeat; by then it is not ours to wait for. */
const PREDECESSOR_GRACE_MS = 5_000;

export interface StartOptions {
  readonly signal?: AbortSignal;
  /** For the command: the process is the server's own. */
  readonly isOwnProcess?: boolean;
  /** Puts the reason of a failed restart into the words of whoever wrote the configuration. */
  readonly explain?: (error: unknown) => unknown;
}

/** Starts a server. Resolves when every worker of the first generation is ready.
 *  @param source  a function is called again by each restart, and what it returns is applied with the new generation (an
 *          object never changes, but its `envFile` is read again). What a running server cannot change fails the restart
 *          with BROOD_NEEDS_START, what cannot be used at all with BROOD_BAD_OPTION; no worker is touched then.
 *  @param options.signal  gives up a start that is under way, killing its workers; no effect later: use `stop()`.
 *  @throws PoolError BROOD_BAD_OPTION, BROOD_ADDRESS_IN_USE, BROOD_ADDRESS_UNAVAILABLE, BROOD_CONTROL_FAILED,
 *          BROOD_BOOT_FAILED, BROOD_BOOT_TIMEOUT, ...; nothing is left bound or running then. */
export async function serve(source: ConfigSource, options: StartOptions = {}): Promise<Server> {
  const configuration = await Configuration.read(source, options.explain);
  const host: Host = { service: null };
  const first = withGuardedLogger(configuration.first.options, host);
  const { logger } = first.engine;
  const stack = new ReleaseStack((what, error) => {
    logger?.warn(`could not release the ${what}`, { reason: textOf(error) });
  });
  try {
    return await start({ configuration, options: first, stack, host }, options);
  } catch (error) {
    await stack.release();
    throw error;
  }
}

/** Where failures of callbacks are told: nowhere before there is a service. */
interface Host {
  service: Service | null;
}

function withGuardedLogger(options: ServeOptions, host: Host): ServeOptions {
  const { logger } = options.engine;
  if (logger === undefined) return options;
  const guard = new CallbackGuard((error) => host.service?.reportFailure(error));
  return { ...options, engine: { ...options.engine, logger: guardLogger(logger, () => guard) } };
}

interface StartParts {
  readonly configuration: Configuration;
  readonly options: ServeOptions;
  readonly stack: ReleaseStack;
  readonly host: Host;
}

async function start(
  { configuration, options, stack, host }: StartParts,
  { signal, isOwnProcess = false }: StartOptions,
): Promise<Server> {
  const foreign = foreignSockets(process.env, process.pid);
  if (foreign !== null) options.engine.logger?.warn(foreign);
  const stdout = openLog("stdout", options.stdout, stack);
  const stderr = openLog("stderr", options.stderr, stack);
  const control = await openControl(options, stack);
  const pidfileState: PidfileState =
    options.pidfile === undefined ? "absent" : await inspectPidfile(options.pidfile);
  const predecessorDied = control?.predecessorDied === true || pidfileState === "dead";
  const retryForMs = predecessorDied ? PREDECESSOR_GRACE_MS : 0;
  const own = await openHandoff(options, retryForMs);
  const sharing = new SharedListeners(own, sharingOptions(options, retryForMs));
  const handoff = withShared(own, sharing);
  stack.push("addresses", () => handoff.release());
  if (options.pidfile !== undefined) stack.push("pidfile", await writePidfile(options.pidfile, pidfileState));
  const ticketKeys = new TicketKeys();
  const parts: ServiceParts = { handoff, sharing, stdout, stderr, ticketKeys };
  const service = createService({
    ...serviceOptions(options, parts),
    isOwnProcess,
    reload: (before) => configuration.reload(before, parts),
  });
  host.service = service;
  handoff.attach(service);
  stack.push("workers", () => {
    detached(handoff.stopping(AT_ONCE), (error) =>
      options.engine.logger?.warn("could not refuse new connections", { reason: textOf(error) }),
    );
    return service.stop();
  });
  stack.push("ticket keys", ticketKeys.rotate(service, options.ticketKeysMs));
  const server = createServer({
    service,
    stack,
    handoff,
    stopDelayMs: options.stopDelayMs,
    drainTimeoutMs: options.engine.drainTimeoutMs ?? DRAIN_TIMEOUT_DEFAULT_MS,
    control: control?.path ?? null,
    logFiles: [stdout, stderr].filter((each) => each !== undefined),
  });
  control?.attach(server.target);
  await startUnlessAborted(service, signal).catch((error: unknown) => {
    // The worker could say only that it was refused.
    throw signal?.aborted === true ? error : (sharing.failure ?? error);
  });
  return server.api;
}

function sharingOptions(
  { engine, runtime, isListenGiven, handoff, server }: ServeOptions,
  retryForMs: number,
): SharingOptions {
  const { owner } = handoff;
  return {
    logger: engine.logger,
    runtime,
    isGiven: isListenGiven,
    owner,
    backlog: server.backlog,
    retryForMs,
  };
}

async function startUnlessAborted(service: Service, signal: AbortSignal | undefined): Promise<void> {
  const giveUp = (): void => detached(service.stop({ now: true }), ignored);
  signal?.addEventListener("abort", giveUp, { once: true });
  try {
    signal?.throwIfAborted();
    await service.start();
  } catch (error) {
    if (!signal?.aborted) throw error;
    throw new PoolError("BROOD_CLOSED", "the start was given up before the server was ready.", {
      cause: error,
    });
  } finally {
    signal?.removeEventListener("abort", giveUp);
  }
}

function openLog(
  option: "stdout" | "stderr",
  path: string | undefined,
  stack: ReleaseStack,
): LogFile | undefined {
  if (path === undefined) return undefined;
  const file = new LogFile(option, path);
  stack.push(`${option} file`, () => new Promise<void>((resolve) => file.end(() => resolve())));
  return file;
}

async function openControl(options: ServeOptions, stack: ReleaseStack): Promise<ControlServer | null> {
  if (options.control === false) return null;
  const isDefaultPath = options.control === true;
  const path = typeof options.control === "string" ? options.control : controlPath(options.name);
  const other = isDefaultPath ? await namesake(options.name) : null;
  if (other !== null) throw nameTaken(other);
  const control = await openControlServer(path, isDefaultPath, (...news) =>
    options.engine.logger?.warn(pathNews(...news)),
  );
  stack.push("control socket", () => control.close());
  return control;
}

async function openHandoff(options: ServeOptions, retryForMs: number): Promise<Handoff> {
  const { addresses, handoff, runtime } = options;
  const { logger } = options.engine;
  const moving = { logger, runtime, moves: options.moveConnections };
  const given = options.isListenGiven ? addresses : [];
  if (given.length === 0 && handoff.kind === "reuseport") {
    logger?.warn(
      'handoff "reuseport" without --listen: the workers share one socket on whichever address the program listens on. Give --listen for a socket a slot.',
    );
    return listenerHandoff([], createMovingDelivery(moving));
  }
  if (handoff.kind === "reuseport") {
    const claim = <Value>(attempt: () => Promise<Value>): Promise<Value> => claimWithin(retryForMs, attempt);
    return reuseportHandoff({ addresses, ...moving, claim, backlog: options.server.backlog });
  }
  const sockets = await bindAddresses(given, retryForMs, {
    owner: handoff.owner,
    backlog: options.server.backlog,
  });
  await Promise.all(sockets.map((socket) => socket.keep((...news) => logger?.warn(pathNews(...news)))));
  return handoff.kind === "connection"
    ? connectionHandoff(sockets, { ...handoff, logger, runtime })
    : listenerHandoff(sockets, createMovingDelivery(moving));
}
