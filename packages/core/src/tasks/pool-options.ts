// Options of a pool, checked once and completed with defaults before anything is touched.

import { isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { usableCores } from "../cores.ts";
import { badOption, PoolError } from "../errors.ts";
import type { MachineConfig } from "../machine/config.ts";
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
  textListOption,
  textOption,
  WORKERS_MAX,
} from "../options.ts";
import { meantFolder } from "../release/place.ts";
import type { TaskPoolOptions, TaskRecycleOptions, TaskRuntime } from "./pool-types.ts";
import { checkTimeout } from "./run-options.ts";

const HOUR_MS = 3_600_000;
const TIMER_MAX_MS = 2 ** 31 - 1;
const LIMITS = [
  "maxOldGenerationSizeMb",
  "maxYoungGenerationSizeMb",
  "codeRangeSizeMb",
  "stackSizeMb",
] as const;

const KNOWN = [
  "filename",
  "name",
  "poolName",
  "runtime",
  "spawn",
  "minWorkers",
  "maxWorkers",
  "idleTimeoutMs",
  "maxQueue",
  "concurrentTasksPerWorker",
  "taskTimeoutMs",
  "abortGraceMs",
  "retries",
  "isolate",
  "batching",
  "resourceLimits",
  "env",
  "execArgv",
  "workerData",
  "recycle",
  "bootTimeoutMs",
  "minHealthyMs",
  "drainTimeoutMs",
  "heartbeatTimeoutMs",
  "maxFailures",
  "recordTiming",
  "taskQueue",
  "loadBalancer",
  "logger",
] as const satisfies readonly (keyof TaskPoolOptions)[];

export interface CheckedPoolOptions {
  readonly filename: string;
  readonly name: string;
  readonly poolName: string;
  readonly runtime: TaskRuntime;
  readonly spawn: "fresh" | "template";
  readonly minWorkers: number;
  readonly maxWorkers: number;
  readonly idleTimeoutMs: number;
  readonly maxQueue: number;
  readonly concurrency: number;
  readonly taskTimeoutMs: number | null;
  readonly abortGraceMs: number;
  readonly retries: number;
  readonly isolate: boolean;
  readonly batching: { readonly items: number; readonly budgetUs: number } | null;
  readonly resourceLimits: Readonly<Record<string, number>>;
  readonly env: NodeJS.ProcessEnv;
  /** Undefined: what the host was started with. */
  readonly execArgv: readonly string[] | undefined;
  readonly recordTiming: boolean;
  readonly recycleTasks: number | null;
  readonly heartbeatIntervalMs: number;
  readonly machine: MachineConfig;
}

/** @throws PoolError BROOD_BAD_OPTION that names the option, its value and what is accepted. */
export function checkPoolOptions(options: TaskPoolOptions): CheckedPoolOptions {
  objectOption("", options, KNOWN);
  const runtime = choiceOption(
    "runtime",
    options.runtime,
    ["worker_threads", "child_process"],
    "worker_threads",
  );
  const spawn = choiceOption("spawn", options.spawn, ["fresh", "template"], "fresh");
  if (spawn === "template" && runtime !== "child_process")
    throw badOption("spawn", spawn, '"fresh", or runtime "child_process" with it: a thread cannot be forked');
  const bounds = checkBounds(options.minWorkers, options.maxWorkers);
  const isolate = booleanOption("isolate", options.isolate, false);
  checkHooks(options);
  loggerOption("logger", options.logger);
  const recycle = checkRecycle(options.recycle);
  const heartbeatTimeoutMs = integerOption(
    "heartbeatTimeoutMs",
    options.heartbeatTimeoutMs,
    100,
    HOUR_MS,
    30_000,
  );
  const isBatched = !isolate && options.loadBalancer === undefined;
  return {
    filename: checkFilename("filename", options.filename),
    name: textOption("name", options.name) ?? "default",
    poolName: nameOption("poolName", options.poolName, "tasks"),
    runtime,
    spawn,
    ...bounds,
    idleTimeoutMs: integerOption("idleTimeoutMs", options.idleTimeoutMs, 0, TIMER_MAX_MS, 30_000),
    maxQueue: checkMaxQueue(options.maxQueue),
    concurrency: isolate
      ? 1
      : integerOption("concurrentTasksPerWorker", options.concurrentTasksPerWorker, 1, 1_000, 1),
    taskTimeoutMs: checkTimeout("taskTimeoutMs", options.taskTimeoutMs),
    abortGraceMs: integerOption("abortGraceMs", options.abortGraceMs, 0, HOUR_MS, 1_000),
    retries: integerOption("retries", options.retries, 0, 1_000, 0),
    isolate,
    batching: isBatched ? checkBatching(options.batching) : null,
    resourceLimits: checkLimits(options.resourceLimits, runtime),
    env: { ...(environmentOption("env", options.env) ?? process.env) },
    execArgv: textListOption("execArgv", options.execArgv),
    recordTiming: booleanOption("recordTiming", options.recordTiming, true),
    recycleTasks: recycle.requests,
    heartbeatIntervalMs: Math.min(5_000, Math.floor(heartbeatTimeoutMs / 3)),
    machine: machineConfig(options, bounds, heartbeatTimeoutMs, recycle, { isolate, spawn }),
  };
}

function machineConfig(
  options: TaskPoolOptions,
  { maxWorkers }: { readonly maxWorkers: number },
  heartbeatTimeoutMs: number,
  recycle: MachineConfig["recycle"],
  { isolate, spawn }: Pick<CheckedPoolOptions, "isolate" | "spawn">,
): MachineConfig {
  const cores = usableCores();
  return {
    // The first one tries the file; the others follow when it is ready. A task that ends its worker meanwhile must not be
    // taken for a pool that does not start.
    desired: 1,
    startsWith: 1,
    bootTimeoutMs: integerOption("bootTimeoutMs", options.bootTimeoutMs, 1, HOUR_MS, 30_000),
    minHealthyMs: integerOption("minHealthyMs", options.minHealthyMs, 0, HOUR_MS, 0),
    drainTimeoutMs: integerOption(
      "drainTimeoutMs",
      options.drainTimeoutMs,
      0,
      HOUR_MS,
      DRAIN_TIMEOUT_DEFAULT_MS,
    ),
    heartbeatTimeoutMs,
    asksTheSilent: true,
    failuresForgottenAfterMs: 1_000,
    maxSurge: Math.max(1, Math.min(Math.ceil(maxWorkers / 4), cores)),
    maxUnavailable: 0,
    maxFailures: integerOption("maxFailures", options.maxFailures, 1, 10_000, 3),
    bootConcurrency: isolate ? Math.max(maxWorkers, cores, 2) : Math.max(2, cores),
    onReleaseChanged: "warn",
    canary: null,
    template: spawn === "template" ? { fallback: "fresh", failuresMax: 3 } : null,
    recycle,
  };
}

/** Also for resize(). */
export function checkBounds(
  min: unknown,
  max: unknown,
): { readonly minWorkers: number; readonly maxWorkers: number } {
  const cores = usableCores();
  const asked = integerOption("maxWorkers", max, 1, WORKERS_MAX, 0);
  const most = asked === 0 ? WORKERS_MAX : asked;
  const minWorkers = integerOption(
    "minWorkers",
    min,
    1,
    WORKERS_MAX,
    Math.min(most, Math.max(1, cores >> 1)),
  );
  const maxWorkers = asked === 0 ? Math.max(minWorkers, Math.ceil(cores * 1.5)) : asked;
  if (minWorkers > maxWorkers)
    throw badOption("minWorkers", minWorkers, `at most maxWorkers, which is ${maxWorkers}`);
  return { minWorkers, maxWorkers };
}

/** Absolute; symlinks are left for each generation to resolve. */
export function checkFilename(option: string, filename: unknown): string {
  const isUrl = isInstance(filename, URL);
  if (typeof filename !== "string" && !isUrl) throw badOption(option, filename, "a path or a file: URL");
  const text = isUrl ? filename.href : (textOption(option, filename) ?? "");
  if (!text.startsWith("file:") && !isUrl) return isAbsolute(text) ? text : resolve(meantFolder(), text);
  try {
    return fileURLToPath(text);
  } catch (cause) {
    throw new PoolError("BROOD_BAD_OPTION", `option ${option}: got ${text}, expected a path or a file: URL`, {
      cause,
    });
  }
}

function checkMaxQueue(value: unknown): number {
  if (value === Number.POSITIVE_INFINITY) return value;
  return integerOption("maxQueue", value, 0, Number.MAX_SAFE_INTEGER, 10_000);
}

/** 512 tasks of two microseconds are a millisecond; more in one message would only cost memory. */
function checkBatching(value: unknown = "auto"): CheckedPoolOptions["batching"] {
  if (value === "off") return null;
  if (value === "auto") return { items: 512, budgetUs: 1_000 };
  objectOption("batching", value, ["items", "budgetMs"], '"auto", "off" or { items, budgetMs }');
  return {
    items: integerOption("batching.items", Reflect.get(value, "items"), 2, 1_000, 512),
    budgetUs: numberOption("batching.budgetMs", Reflect.get(value, "budgetMs"), 0.1, 100, 1) * 1_000,
  };
}

function checkRecycle(recycle: TaskRecycleOptions = {}): MachineConfig["recycle"] {
  objectOption("recycle", recycle, ["tasks", "jitter", "memoryBytes", "ageMs"]);
  const limit = (name: keyof TaskRecycleOptions, min: number): number | null =>
    recycle[name] === undefined
      ? null
      : integerOption(`recycle.${name}`, recycle[name], min, Number.MAX_SAFE_INTEGER, min);
  return {
    requests: limit("tasks", 1),
    jitter: numberOption("recycle.jitter", recycle.jitter, 0, 1, 0.2),
    memoryBytes: limit("memoryBytes", 2 ** 20),
    ageMs: limit("ageMs", 1),
    eventLoopDelayMs: null,
  };
}

function checkLimits(limits: object | undefined, runtime: TaskRuntime): Readonly<Record<string, number>> {
  if (limits === undefined) return {};
  objectOption("resourceLimits", limits, LIMITS, "an object of numbers");
  const checked: Record<string, number> = {};
  for (const name of LIMITS) {
    const value: unknown = Reflect.get(limits, name);
    if (value === undefined) continue;
    if (runtime === "child_process" && name !== "maxOldGenerationSizeMb")
      throw badOption(`resourceLimits.${name}`, value, "nothing in processes: only threads have that limit");
    checked[name] = numberOption(`resourceLimits.${name}`, value, 0.1, 1_048_576, 1);
  }
  return checked;
}

function checkHooks({ taskQueue, loadBalancer }: TaskPoolOptions): void {
  const isQueue =
    taskQueue === undefined ||
    (typeof taskQueue === "object" &&
      taskQueue !== null &&
      "size" in taskQueue &&
      ["shift", "push", "remove"].every((name) => typeof Reflect.get(taskQueue, name) === "function"));
  if (!isQueue)
    throw badOption("taskQueue", taskQueue, "an object with size, shift(), push(task) and remove(task)");
  if (loadBalancer !== undefined && typeof loadBalancer !== "function")
    throw badOption("loadBalancer", loadBalancer, "a function of the task and the workers");
}
