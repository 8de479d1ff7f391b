// The configuration as it counts, defaults taken, in the words of the configuration file: what `brood config` prints, and
// by what a restart sees whether an option has changed that it cannot change.

import type { CheckedServiceOptions } from "@brood/core";
import { type HttpServerOptions, limitsWithDefaults } from "./http-server-options.ts";
import { formatAddress } from "./listen/addresses.ts";
import { needsStart } from "./needs-start.ts";
import { OPTION_KINDS, OPTION_NAMES } from "./option-kinds.ts";
import type { ServeConfig, ServeOptions } from "./serve-options.ts";

export type EffectiveConfig = Readonly<Record<keyof ServeConfig, unknown>>;

/** @param checked  the engine's part of the same options */
export function effectiveConfig(options: ServeOptions, checked: CheckedServiceOptions): EffectiveConfig {
  const { machine, watches } = checked;
  return {
    entry: options.entry,
    cwd: options.cwd,
    name: options.name,
    workers: machine.desired,
    listen: options.addresses.map(formatAddress),
    runtime: options.runtime,
    spawn: options.spawn,
    ...effectiveHandoff(options),
    control: options.control,
    pidfile: options.pidfile,
    stdout: options.stdout,
    stderr: options.stderr,
    logger: options.engine.logger === undefined ? undefined : "given",
    ticketKeysMs: options.ticketKeysMs,
    env: options.engine.env,
    envFile: options.envFiles,
    args: checked.args,
    execArgv: checked.nodeFlags.given ?? undefined,
    import: options.engine.import,
    require: options.engine.require,
    resourceLimits: checked.resourceLimits,
    compileCache: checked.compileCache,
    bootTimeoutMs: machine.bootTimeoutMs,
    minHealthyMs: machine.minHealthyMs,
    drainTimeoutMs: machine.drainTimeoutMs,
    stopDelayMs: options.stopDelayMs,
    moveConnections: options.moveConnections,
    lingerMs: options.lingerMs ?? undefined,
    server: effectiveServer(options.server),
    heartbeatTimeoutMs: machine.heartbeatTimeoutMs,
    maxSurge: machine.maxSurge,
    maxUnavailable: machine.maxUnavailable,
    maxFailures: machine.maxFailures,
    bootConcurrency: machine.bootConcurrency,
    template:
      machine.template === null
        ? undefined
        : { ...machine.template, unsafe: checked.unsafe, hold: checked.hold },
    warmup: options.warmup,
    recycle: machine.recycle,
    healthCheck: {
      path: options.healthPath,
      intervalMs: watches.healthCheck.intervalMs,
      timeoutMs: watches.healthCheck.timeoutMs,
    },
    canary: machine.canary ?? false,
    onReleaseChanged: machine.onReleaseChanged,
    waitReady: options.waitReady,
    exposeGeneration: options.exposeGeneration,
  };
}

/** As a server that Brood makes has them. */
function effectiveServer(
  given: HttpServerOptions,
): Readonly<Record<keyof HttpServerOptions, number | undefined>> {
  const { keepAliveTimeout, headersTimeout, requestTimeout } = limitsWithDefaults(given);
  return {
    keepAliveTimeoutMs: keepAliveTimeout,
    headersTimeoutMs: headersTimeout,
    requestTimeoutMs: requestTimeout,
    maxHeaderSizeBytes: given.maxHeaderSizeBytes,
    backlog: given.backlog,
  };
}

type HandoffPart = Pick<
  EffectiveConfig,
  "handoff" | "balance" | "maxHeld" | "holdTimeoutMs" | "onError" | "socketMode" | "socketOwner"
>;

function effectiveHandoff({ handoff }: ServeOptions): HandoffPart {
  const { kind, balance, keyOf, maxHeld, holdTimeoutMs, onError, owner } = handoff;
  const isConnection = kind === "connection";
  return {
    handoff: kind,
    balance: isConnection ? (keyOf === undefined ? balance : "by a key of yours") : undefined,
    maxHeld: isConnection ? maxHeld : undefined,
    holdTimeoutMs: isConnection ? holdTimeoutMs : undefined,
    onError: onError === undefined ? undefined : "given",
    socketMode: owner.mode === null ? undefined : owner.mode.toString(8).padStart(3, "0"),
    socketOwner:
      owner.uid === null && owner.gid === null ? undefined : `${owner.uid ?? ""}:${owner.gid ?? ""}`,
  };
}

/** @throws PoolError BROOD_NEEDS_START for the first option that a running server cannot change and that has changed */
export function refuseNeedingStart(before: EffectiveConfig, now: EffectiveConfig): void {
  for (const option of OPTION_NAMES)
    if (OPTION_KINDS[option] === "start" && !isEqual(before[option], now[option]))
      throw needsStart(option, before[option], now[option]);
  // Of the server's limits the one that belongs to its sockets.
  const [backlog, backlogNow] = [before, now].map((each) => Reflect.get(Object(each.server), "backlog"));
  if (backlog !== backlogNow) throw needsStart("server.backlog", backlog, backlogNow);
}

interface Compared {
  readonly given: ServeConfig;
  readonly effective: EffectiveConfig;
}

/** What has another value, as far down as it has names: `workers`, `env.TZ`, `recycle.requests`. An object that was given
 *  counts as well, lest something in it that has no place above change unseen. */
export function changedNames(before: Compared, now: Compared): readonly string[] {
  return OPTION_NAMES.flatMap((option) => {
    const names = namesIn(option, before.effective[option], now.effective[option]);
    const isWritten = isRecord(before.given[option]) || isRecord(now.given[option]);
    if (names.length > 0 || !isWritten || OPTION_KINDS[option] === "start") return names;
    return isEqual(before.given[option], now.given[option]) ? [] : [option];
  });
}

function namesIn(name: string, before: unknown, now: unknown): readonly string[] {
  if (isEqual(before, now)) return [];
  if (!isRecord(before) && !isRecord(now)) return [name];
  const [old, latest] = [isRecord(before) ? before : {}, isRecord(now) ? now : {}];
  const keys = new Set([...Object.keys(old), ...Object.keys(latest)]);
  return [...keys].filter((key) => !isEqual(old[key], latest[key])).map((key) => `${name}.${key}`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEqual(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
