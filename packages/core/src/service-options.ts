// Options of a service, checked once and completed with defaults before anything is touched.

import { resolve } from "node:path";
import { usableCores } from "./cores.ts";
import { badOption, PoolError } from "./errors.ts";
import { textOf } from "./link/described.ts";
import type { WorkerWatches } from "./link/protocol.ts";
import type { MachineConfig } from "./machine/config.ts";
import { templateBinding } from "./native/index.ts";
import { type CheckedNodeOptions, checkNodeOptions } from "./node-options.ts";
import {
  booleanOption,
  choiceOption,
  DRAIN_TIMEOUT_DEFAULT_MS,
  environmentOption,
  integerOption,
  isInstance,
  loggerOption,
  nameOption,
  numberOption,
  objectOption,
  outputOption,
  textOption,
  WORKERS_MAX,
} from "./options.ts";
import type { PassedSocket } from "./ports/spawn-strategy.ts";
import { meantFolder, meantPath } from "./release/place.ts";
import { entryPath } from "./release/resolve.ts";
import { isSocketList } from "./service-callbacks.ts";
import type { RecycleOptions, ServiceOptions, WorkerSeat } from "./service-types.ts";
import { NOT_IN_TEMPLATES } from "./spawn/node-flags.ts";
import { type CheckedRuntime, checkRuntime } from "./thread-options.ts";
import { checkCanary, checkHealthCheck } from "./trial-options.ts";

const HOUR_MS = 3_600_000;
const MANY = 10_000;

const KNOWN: readonly (keyof ServiceOptions)[] = [
  "entry",
  "name",
  "host",
  "hostData",
  "sockets",
  "slotClosed",
  "takeMessage",
  "reload",
  "workers",
  "runtime",
  "spawn",
  "resourceLimits",
  "bootTimeoutMs",
  "minHealthyMs",
  "drainTimeoutMs",
  "heartbeatTimeoutMs",
  "maxSurge",
  "maxUnavailable",
  "maxFailures",
  "bootConcurrency",
  "template",
  "recycle",
  "canary",
  "healthCheck",
  "onReleaseChanged",
  "env",
  "args",
  "execArgv",
  "import",
  "require",
  "compileCache",
  "cwd",
  "isOwnProcess",
  "stdout",
  "stderr",
  "logger",
];

export interface CheckedServiceOptions extends CheckedRuntime, CheckedNodeOptions {
  readonly name: string;
  /** Symlinks are left for each generation to resolve, in both. */
  readonly entry: string;
  readonly folder: string;
  readonly spawn: "fresh" | "template";
  readonly unsafe: "refuse" | "warn";
  readonly hold: boolean;
  readonly compileCache: boolean;
  readonly sockets: (seat: WorkerSeat) => readonly PassedSocket[];
  readonly machine: MachineConfig;
  readonly heartbeatIntervalMs: number;
  readonly watches: WorkerWatches;
}

/** @throws PoolError BROOD_BAD_OPTION that names the option, its value and what is accepted. */
export function checkServiceOptions(options: ServiceOptions): CheckedServiceOptions {
  objectOption("", options, KNOWN);
  environmentOption("env", options.env);
  loggerOption("logger", options.logger);
  const runtime = checkRuntime(options);
  const spawn = choiceOption("spawn", options.spawn, ["fresh", "template"], "fresh");
  if (spawn === "template") checkTemplateSupport(options);
  const folder = checkFolder(options);
  const heartbeatTimeoutMs = integerOption(
    "heartbeatTimeoutMs",
    options.heartbeatTimeoutMs,
    100,
    HOUR_MS,
    30_000,
  );
  const machine = { ...checkRollOptions(options), heartbeatTimeoutMs };
  const checked: CheckedServiceOptions = {
    ...runtime,
    name: nameOption("name", options.name, "default"),
    entry: checkEntry(options.entry, folder),
    folder,
    spawn,
    unsafe: choiceOption("template.unsafe", options.template?.unsafe, ["refuse", "warn"], "refuse"),
    ...checkNodeOptions(options),
    hold: booleanOption("template.hold", options.template?.hold, true),
    compileCache: booleanOption("compileCache", options.compileCache, true),
    sockets: checkSockets(options.sockets),
    machine,
    watches: {
      answers: machine.canary !== null,
      eventLoopDelay: machine.recycle.eventLoopDelayMs !== null,
      healthCheck: { ...checkHealthCheck(options.healthCheck), forMs: machine.minHealthyMs },
    },
    heartbeatIntervalMs: heartbeatIntervalOf(heartbeatTimeoutMs),
  };
  // Last, since a host's data is made of other options.
  checkCallbacks(options);
  return checked;
}

/** Three beats fit into the timeout, so that one late beat kills nobody; at least one each 5 s, because limits of memory
 *  and requests are checked against them. Not more often: they are all that wakes an idle supervisor. */
function heartbeatIntervalOf(heartbeatTimeoutMs: number): number {
  return Math.min(5_000, Math.floor(heartbeatTimeoutMs / 3));
}

/** A quarter of the workers, but no more boots at once than there are cores to run them. A forked worker boots in
 *  milliseconds and shares its memory: there the drains take the time, and half of the workers may go at once. */
function defaultMaxSurge(workers: number, parallelism: number, spawn: unknown): number {
  if (spawn === "template") return Math.ceil(workers / 2);
  return Math.min(Math.ceil(workers / 4), parallelism);
}

function checkRollOptions(options: ServiceOptions): Omit<MachineConfig, "heartbeatTimeoutMs"> {
  const parallelism = usableCores();
  const desired = integerOption("workers", options.workers, 1, WORKERS_MAX, parallelism);
  const maxSurge = integerOption(
    "maxSurge",
    options.maxSurge,
    0,
    MANY,
    defaultMaxSurge(desired, parallelism, options.spawn),
  );
  const maxUnavailable = integerOption("maxUnavailable", options.maxUnavailable, 0, MANY, 0);
  if (maxSurge === 0 && maxUnavailable === 0) {
    throw badOption(
      "maxUnavailable",
      0,
      "1 or more while maxSurge is 0, or no worker could ever be replaced",
    );
  }
  return {
    desired,
    bootTimeoutMs: integerOption("bootTimeoutMs", options.bootTimeoutMs, 1, HOUR_MS, 30_000),
    minHealthyMs: integerOption("minHealthyMs", options.minHealthyMs, 0, HOUR_MS, 1_000),
    drainTimeoutMs: integerOption(
      "drainTimeoutMs",
      options.drainTimeoutMs,
      0,
      HOUR_MS,
      DRAIN_TIMEOUT_DEFAULT_MS,
    ),
    maxSurge,
    maxUnavailable,
    maxFailures: integerOption("maxFailures", options.maxFailures, 1, MANY, 3),
    bootConcurrency: integerOption(
      "bootConcurrency",
      options.bootConcurrency,
      1,
      MANY,
      Math.max(2, parallelism),
    ),
    onReleaseChanged: choiceOption("onReleaseChanged", options.onReleaseChanged, ["warn", "refuse"], "warn"),
    template: checkTemplate(options),
    recycle: checkRecycle(options.recycle),
    canary: checkCanary(options.canary),
  };
}

function checkTemplate({ spawn, template = {} }: ServiceOptions): MachineConfig["template"] {
  objectOption("template", template, ["fallback", "failuresMax", "unsafe", "hold"]);
  const fallback = choiceOption("template.fallback", template.fallback, ["fresh", "wait"], "fresh");
  const failuresMax = integerOption("template.failuresMax", template.failuresMax, 1, MANY, 3);
  return spawn === "template" ? { fallback, failuresMax } : null;
}

function checkRecycle(recycle: RecycleOptions = {}): MachineConfig["recycle"] {
  objectOption("recycle", recycle, ["requests", "jitter", "memoryBytes", "ageMs", "eventLoopDelayMs"]);
  const limit = (name: keyof RecycleOptions, min: number): number | null =>
    recycle[name] === undefined
      ? null
      : integerOption(`recycle.${name}`, recycle[name], min, Number.MAX_SAFE_INTEGER, min);
  return {
    requests: limit("requests", 1),
    jitter: numberOption("recycle.jitter", recycle.jitter, 0, 1, 0.2),
    memoryBytes: limit("memoryBytes", 2 ** 20),
    ageMs: limit("ageMs", 1),
    eventLoopDelayMs: limit("eventLoopDelayMs", 1),
  };
}

/** The working directory as it was meant. */
function checkFolder({ cwd, entry }: ServiceOptions): string {
  const here = meantFolder([cwd, entry]);
  const given = textOption("cwd", cwd);
  return given === undefined ? here : resolve(here, given);
}

/** The entry as an absolute path, relative to the folder. */
export function checkEntry(entry: unknown, folder: string): string {
  if (!isInstance(entry, URL)) {
    const text = textOption("entry", entry);
    if (text === undefined) throw badOption("entry", entry, "a path or a file: URL");
    return meantPath(entryPath(text, folder), folder);
  }
  try {
    return meantPath(entryPath(entry, folder), folder);
  } catch (cause) {
    throw new PoolError(
      "BROOD_BAD_OPTION",
      `option entry: got ${entry.href}, expected a path or a file: URL`,
      { cause },
    );
  }
}

function checkSockets(sockets: ServiceOptions["sockets"] = []): CheckedServiceOptions["sockets"] {
  if (typeof sockets === "function") return sockets;
  if (isSocketList(sockets)) return () => sockets;
  throw badOption("sockets", sockets, "an array of { role, fd, address }, or a function that makes one");
}

function checkCallbacks({ slotClosed, takeMessage, reload, stdout, stderr, ...rest }: ServiceOptions): void {
  for (const [name, value] of Object.entries({ slotClosed, takeMessage, reload })) {
    if (value !== undefined && typeof value !== "function") throw badOption(name, value, "a function");
  }
  outputOption("stdout", stdout);
  outputOption("stderr", stderr);
  const { host, hostData } = rest;
  if (host !== undefined && !isInstance(host, URL)) throw badOption("host", host, "a URL");
  try {
    JSON.stringify(hostData);
  } catch (cause) {
    throw badOption("hostData", hostData, `what JSON can say: ${textOf(cause)}`);
  }
}

/** @throws PoolError BROOD_TEMPLATE_UNSUPPORTED, BROOD_BAD_OPTION */
function checkTemplateSupport({ execArgv }: ServiceOptions): void {
  templateBinding();
  const threaded = execArgv?.find((each) => NOT_IN_TEMPLATES.test(each));
  if (threaded === undefined) return;
  throw badOption(
    "execArgv",
    threaded,
    "no profiler or inspector with spawn template: its thread does not survive a fork",
  );
}
