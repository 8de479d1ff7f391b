// Options that the Express and the Fastify adapter have in common, checked alike.

import { badOption } from "@brood/core/errors";
import { DRAIN_TIMEOUT_DEFAULT_MS, integerOption, objectOption } from "@brood/core/options";

export interface AdapterOptions {
  /** Path of the liveness route, default "/health/live"; false for none. It answers 200 while the process runs. */
  readonly live?: string | false;
  /** Path of the readiness route, default "/health/ready"; false for none. It answers 200, or 503 while the worker drains or
   *  when `isReady` says no. */
  readonly ready?: string | false;
  /** The application's own say in readiness. What it throws counts as no. */
  readonly isReady?: () => boolean | Promise<boolean>;
  /** 0...60_000, default 500: how long idle connections are kept for a last request. In a Brood worker the server's own
   *  `lingerMs` counts. */
  readonly lingerMs?: number;
  /** 0...3_600_000, default 25_000: then what is still open is cut off. In a Brood worker `drainTimeoutMs` counts. */
  readonly drainTimeoutMs?: number;
}

export type CheckedAdapterOptions = Required<AdapterOptions>;

/** @throws PoolError BROOD_BAD_OPTION */
export function checkAdapterOptions(
  options: AdapterOptions,
  others: readonly string[] = [],
): CheckedAdapterOptions {
  objectOption("", options, ["live", "ready", "isReady", "lingerMs", "drainTimeoutMs", ...others]);
  const { isReady = () => true } = options;
  if (typeof isReady !== "function") throw badOption("isReady", isReady, "a function");
  return {
    live: path("live", options.live, "/health/live"),
    ready: path("ready", options.ready, "/health/ready"),
    isReady,
    lingerMs: integerOption("lingerMs", options.lingerMs, 0, 60_000, 500),
    drainTimeoutMs: integerOption(
      "drainTimeoutMs",
      options.drainTimeoutMs,
      0,
      3_600_000,
      DRAIN_TIMEOUT_DEFAULT_MS,
    ),
  };
}

function path(option: string, value: unknown, fallback: string): string | false {
  if (value === undefined) return fallback;
  if (value === false || (typeof value === "string" && value.startsWith("/"))) return value;
  throw badOption(option, value, 'a path that begins with "/", or false');
}
