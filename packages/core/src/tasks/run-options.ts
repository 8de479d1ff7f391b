// Options of one run, one map, one close.

import { badOption } from "../errors.ts";
import { textOf } from "../link/described.ts";
import {
  booleanOption,
  integerOption,
  isInstance,
  isList,
  numberOption,
  objectOption,
  textOption,
  unknownOption,
} from "../options.ts";
import type { CloseOptions, MapOptions, RunOnAllOptions, RunOptions } from "./pool-types.ts";

/** The longest that a timer can wait. */
const TIMER_MAX_MS = 2 ** 31 - 1;
const CLOSE_TIMEOUT_MS = 30_000;

const RUN: readonly string[] = ["name", "signal", "timeoutMs", "retries", "priority", "transferList"];

/** What other pools call an option, and what there is here instead. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  filename: "a pool for each file: createTaskPool({ filename })",
  abortSignal: "signal",
  timeout: "timeoutMs",
  transfer: "transferList",
};

/** Options of one run, each read once. Checked by hand: a pool runs hundreds of thousands a second. */
export function checkRunOptions(given: RunOptions): RunOptions {
  if (typeof given !== "object" || given === null) throw badOption("options", given, "an object");
  const options = copyOf(given);
  for (const key of Object.keys(options)) {
    if (!RUN.includes(key)) throw unknownOption(key, Reflect.get(options, key), RUN, ELSEWHERE);
  }
  const { name, timeoutMs, retries, priority, transferList, signal } = options;
  if (name !== undefined) textOption("name", name);
  checkTimeout("timeoutMs", timeoutMs);
  integerOption("retries", retries, 0, 1_000, 0);
  integerOption("priority", priority, -1_000, 1_000, 0);
  if (transferList !== undefined && !isList(transferList))
    throw badOption("transferList", transferList, "an array");
  checkSignal(signal);
  return options;
}

/** @throws PoolError BROOD_BAD_OPTION that names a getter that throws */
function copyOf(given: RunOptions): RunOptions {
  try {
    return { ...given };
  } catch (cause) {
    objectOption("", given, RUN);
    throw badOption("options", given, `an object that can be read: ${textOf(cause)}`);
  }
}

export function checkMapOptions(options: MapOptions, fallback: number): number {
  objectOption("map", options, ["name", "concurrency", "signal", "timeoutMs", "retries"]);
  checkSignal(options.signal);
  return integerOption("concurrency", options.concurrency, 1, 1_000_000, fallback);
}

export function checkRunOnAllOptions(options: RunOnAllOptions): void {
  objectOption("runOnAll", options, ["name", "signal", "timeoutMs"]);
}

export function checkCloseOptions(options: CloseOptions): Required<CloseOptions> {
  objectOption("close", options, ["timeoutMs", "force"]);
  return {
    timeoutMs: checkTimeout("timeoutMs", options.timeoutMs) ?? CLOSE_TIMEOUT_MS,
    force: booleanOption("force", options.force, false),
  };
}

function checkSignal(signal: unknown): void {
  if (signal !== undefined && !isInstance(signal, AbortSignal))
    throw badOption("signal", signal, "an AbortSignal");
}

export function checkTimeout(option: string, value: unknown): number | null {
  return value === undefined || value === null ? null : numberOption(option, value, 1, TIMER_MAX_MS, 1);
}
