// Starts a server in any host process: sockets first, then the workers that accept on them. Nothing global is
// touched: no signal handler, no process.exit; two servers in one process do not know of each other.
// Order: control socket (the lock on the name) -> addresses -> pidfile -> workers. Each step pushes its undoing on one
// stack, which serves the failed start and the stop alike. The supervisor never accepts a connection itself.

import { checkServiceOptions, createService, type Service, type ServiceOptions } from "@brood/core";
import { PoolError } from "@brood/core/errors";
import { controlPath } from "./control/paths.ts";
import { type ControlServer, openControlServer } from "./control/server.ts";
import { connectionHandoff } from "./handoff/connection-handoff.ts";
import { type Handoff, listenerHandoff } from "./handoff/handoff.ts";
import { reuseportHandoff } from "./handoff/reuseport-handoff.ts";
import { bindAddresses, claimWithin } from "./listen/bind.ts";
import { inheritsNoDelay } from "./listen/no-delay.ts";
import { LogFile } from "./log-files.ts";
import { inspectPidfile, type PidfileState, writePidfile } from "./pidfile.ts";
import { ReleaseStack } from "./release-stack.ts";
import { readServeConfig, type ServeConfig, type ServeOptions } from "./serve-options.ts";
import { createServer, type Server } from "./server.ts";
import { TicketKeys } from "./ticket-keys.ts";
import type { HttpHostData } from "./worker/host-data.ts";

/** Orphans look at their channel at once, but a blocked one needs up to its heartbeat; by then it is not ours to wait for. */
const PREDECESSOR_GRACE_MS = 5_000;

const HOST_MODULE = new URL("./worker/host.js", import.meta.url);

export interface StartOptions {
  readonly signal?: AbortSignal;
  /** For the command: the process is the server's own. */
  readonly isOwnProcess?: boolean;
}

/** Starts a server. Resolves when every worker of the first generation is ready.
 *  @param options.signal  gives up a start that is under way, killing its workers; no effect later: use `stop()`.
 *  @throws PoolError BROOD_BAD_OPTION, BROOD_ADDRESS_IN_USE, BROOD_ADDRESS_UNAVAILABLE, BROOD_CONTROL_FAILED,
 *          BROOD_BOOT_FAILED, BROOD_BOOT_TIMEOUT, ...; nothing is left bound or running then. */
export async function serve(config: ServeConfig, options: StartOptions = {}): Promise<Server> {
  const checked = readServeConfig(config);
  // The engine's own checks, before anything is opened or bound.
  checkServiceOptions(serviceOptions(checked, listenerHandoff([]), undefined, undefined));
  const stack = new ReleaseStack((what, error) => {
    checked.engine.logger?.warn(`could not release the ${what}`, { reason: String(error) });
  });
  try {
    return await start(checked, stack, options);
  } catch (error) {
    await stack.release();
    throw error;
  }
}

async function start(
  options: ServeOptions,
  stack: ReleaseStack,
  { signal, isOwnProcess = false }: StartOptions,
): Promise<Server> {
  const stdout = openLog("stdout", options.stdout, stack);
  const stderr = openLog("stderr", options.stderr, stack);
  const control = await openControl(options, stack);
  const pidfileState: PidfileState =
    options.pidfile === undefined ? "absent" : await inspectPidfile(options.pidfile);
  const predecessorDied = control?.predecessorDied === true || pidfileState === "dead";
  const handoff = await openHandoff(options, predecessorDied ? PREDECESSOR_GRACE_MS : 0);
  stack.push("addresses", () => handoff.release());
  if (options.pidfile !== undefined) stack.push("pidfile", await writePidfile(options.pidfile, pidfileState));
  const ticketKeys = new TicketKeys();
  const service = createService({
    ...serviceOptions(options, handoff, stdout, stderr, ticketKeys),
    isOwnProcess,
  });
  handoff.attach(service);
  stack.push("workers", () => {
    handoff.stopping();
    return service.stop();
  });
  stack.push("ticket keys", ticketKeys.rotate(service, options.ticketKeysMs));
  const server = createServer({
    service,
    stack,
    handoff,
    control: control?.path ?? null,
    logFiles: [stdout, stderr].filter((each) => each !== undefined),
  });
  control?.attach(server.target);
  await startUnlessAborted(service, signal);
  return server.api;
}

async function startUnlessAborted(service: Service, signal: AbortSignal | undefined): Promise<void> {
  const giveUp = (): void => void service.stop({ now: true });
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
  const control = await openControlServer(path, isDefaultPath);
  stack.push("control socket", () => control.close());
  return control;
}

async function openHandoff(options: ServeOptions, retryForMs: number): Promise<Handoff> {
  const { addresses, handoff, runtime } = options;
  const { logger } = options.engine;
  if (handoff.kind === "reuseport") {
    const claim = <Value>(attempt: () => Promise<Value>): Promise<Value> => claimWithin(retryForMs, attempt);
    return reuseportHandoff({ addresses, logger, runtime, claim });
  }
  const sockets = await bindAddresses(addresses, retryForMs, { owner: handoff.owner });
  return handoff.kind === "connection"
    ? connectionHandoff(sockets, { ...handoff, logger, runtime })
    : listenerHandoff(sockets);
}

function serviceOptions(
  options: ServeOptions,
  handoff: Handoff,
  stdout: LogFile | undefined,
  stderr: LogFile | undefined,
  ticketKeys: TicketKeys = new TicketKeys(),
): ServiceOptions {
  const hostData: HttpHostData = {
    exposeGeneration: options.exposeGeneration,
    lingerMs: options.lingerMs,
    waitReady: options.waitReady,
    // Read for each worker that boots.
    get ticketKeys() {
      return ticketKeys.current;
    },
    addresses: handoff.addresses,
    handoff: handoff.kind,
    inheritsNoDelay: inheritsNoDelay(options.addresses),
    healthPath: options.healthPath,
    warmup: options.warmup,
  };
  return {
    ...options.engine,
    healthCheck: options.healthCheck,
    entry: options.entry,
    name: options.name,
    cwd: options.cwd,
    runtime: options.runtime,
    spawn: options.spawn,
    host: HOST_MODULE,
    hostData,
    sockets: (seat) => handoff.socketsOf(seat),
    slotClosed: (slot) => handoff.slotClosed(slot),
    takeMessage: (worker, payload) => handoff.takeMessage(worker, payload),
    ...(options.workers === undefined ? {} : { workers: options.workers }),
    ...(stdout === undefined ? {} : { stdout }),
    ...(stderr === undefined ? {} : { stderr }),
  };
}
