// From the configuration of a server to the options of the service under it; and the configuration as it counts, which is
// known only when the engine has checked its part too.

import { type CheckedServiceOptions, checkServiceOptions, type ServiceOptions } from "@brood/core";
import { type EffectiveConfig, effectiveConfig } from "./effective-config.ts";
import { type Handoff, listenerHandoff } from "./handoff/handoff.ts";
import { inheritsNoDelay } from "./listen/no-delay.ts";
import type { LogFile } from "./log-files.ts";
import { readServeConfig, type ServeConfig, type ServeOptions } from "./serve-options.ts";
import { TicketKeys } from "./ticket-keys.ts";
import type { HttpHostData } from "./worker/host-data.ts";

const HOST_MODULE = new URL("./worker/host.js", import.meta.url);

/** What a server has opened by then. */
export interface ServiceParts {
  readonly handoff: Handoff;
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
  const nothing = { handoff, stdout: undefined, stderr: undefined, ticketKeys: new TicketKeys() };
  const checked: CheckedServiceOptions = checkServiceOptions(serviceOptions(options, nothing));
  return { given: config, options, effective: effectiveConfig(options, checked) };
}

/** Not more than the engine's default. */
const DRAIN_TIMEOUT_MS = 25_000;

export function serviceOptions(options: ServeOptions, parts: ServiceParts): ServiceOptions {
  const { handoff, stdout, stderr, ticketKeys } = parts;
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
