// From the configuration of a server to the options of the service under it; and the configuration as it counts, which is
// known only when the engine has checked its part too.

import { type CheckedServiceOptions, checkServiceOptions, type ServiceOptions } from "@brood/core";
import { type EffectiveConfig, effectiveConfig } from "./effective-config.ts";
import { type Handoff, listenerHandoff } from "./handoff/handoff.ts";
import { inheritsNoDelay } from "./listen/no-delay.ts";
import type { LogFile } from "./log-files.ts";
import { readServeConfig, type ServeConfig, type ServeOptions } from "./serve-options.ts";
import type { SharedListeners } from "./sharing/shared-listeners.ts";
import { NOTHING_LEARNED, readTcp } from "./sharing/wanted.ts";
import { TicketKeys } from "./ticket-keys.ts";
import type { HttpHostData } from "./worker/host-data.ts";

const HOST_MODULE = new URL("./worker/host.js", import.meta.url);

/** What a server has opened by then. */
export interface ServiceParts {
  readonly handoff: Handoff;
  readonly sharing: Pick<SharedListeners, "learned">;
  readonly stdout: LogFile | undefined;
  readonly stderr: LogFile | undefined;
  readonly ticketKeys: TicketKeys;
}

export interface CheckedConfig {
  readonly given: ServeConfig;
  readonly options: ServeOptions;
  readonly effective: EffectiveConfig;
}

/** Every check there is, the engine's own too; nothing is opened. @throws PoolError BROOD_BAD_OPTION */
export function checkServeConfig(config: ServeConfig, first: ServeOptions | null = null): CheckedConfig {
  const options = readServeConfig(config, first);
  const handoff = listenerHandoff([]);
  const sharing = { learned: NOTHING_LEARNED };
  const nothing = { handoff, sharing, stdout: undefined, stderr: undefined, ticketKeys: new TicketKeys() };
  const checked: CheckedServiceOptions = checkServiceOptions(serviceOptions(options, nothing));
  return { given: config, options, effective: effectiveConfig(options, checked) };
}

/** Not more than the engine's default. */
const DRAIN_TIMEOUT_MS = 25_000;

export function serviceOptions(options: ServeOptions, parts: ServiceParts): ServiceOptions {
  const { handoff, sharing, stdout, stderr, ticketKeys } = parts;
  const hostData: HttpHostData = {
    exposeGeneration: options.exposeGeneration,
    lingerMs: options.lingerMs,
    drainTimeoutMs: options.engine.drainTimeoutMs ?? DRAIN_TIMEOUT_MS,
    moves: options.moveConnections,
    server: options.server,
    backlogs: handoff.backlogs,
    waitReady: options.waitReady,
    // Read for each worker that boots.
    get ticketKeys() {
      return ticketKeys.current;
    },
    // Without `--listen` they are known when the first worker has listened.
    get addresses() {
      return handoff.addresses;
    },
    get sharing() {
      const { isListenGiven: isGiven, addresses } = options;
      const descriptors = addresses.flatMap((each) => (each.kind === "fd" ? each.fd : []));
      return { isGiven, descriptors, learned: sharing.learned };
    },
    handoff: handoff.kind,
    inheritsNoDelay: inheritsNoDelay(options.addresses),
    healthPath: options.healthPath,
    warmup: options.warmup,
  };
  return {
    ...options.engine,
    env: withPort(options, handoff.addresses),
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

/** Most programs listen on $PORT. Where nobody has set it, it is the port that the program is served on: so its public server is
 *  known from others that it may have. */
function withPort(
  { engine, isListenGiven }: ServeOptions,
  addresses: readonly string[],
): NonNullable<ServiceOptions["env"]> {
  const { env = {} } = engine;
  const port = isListenGiven ? addresses.flatMap((each) => readTcp(each)?.port ?? []).at(0) : undefined;
  const isSet = Boolean("PORT" in env ? env["PORT"] : process.env["PORT"]);
  return port === undefined || isSet ? env : { ...env, PORT: String(port) };
}
