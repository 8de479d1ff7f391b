// Options of one run, one map, one close.

import { badOption } from "../errors.ts";
import { integerOption, numberOption, objectOption, textOption } from "../options.ts";
import type { MapOptions, RunOptions } from "./pool-types.ts";

/** The longest that a timer can wait. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** Options of one run. Checked by hand: a pool runs hundreds of thousands a second. */
export function checkRunOptions(options: RunOptions): void {
  const { name, timeoutMs, retries, priority, transferList, signal } = options;
  if (name !== undefined) textOption("name", name);
  checkTimeout("timeoutMs", timeoutMs);
  integerOption("retries", retries, 0, 1_000, 0);
  integerOption("priority", priority, -1_000, 1_000, 0);
  if (transferList !== undefined && !Array.isArray(transferList))
    throw badOption("transferList", transferList, "an array");
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw badOption("signal", signal, "an AbortSignal");
}

export function checkMapOptions(options: MapOptions, fallback: number): number {
  objectOption("map", options, ["name", "concurrency", "signal", "timeoutMs", "retries"]);
  return integerOption("concurrency", options.concurrency, 1, 1_000_000, fallback);
}

export function checkTimeout(option: string, value: unknown): number | null {
  return value === undefined || value === null ? null : numberOption(option, value, 1, TIMER_MAX_MS, 1);
}
