// Options of what new code has to show before it replaces the old: its health check, and how its answers compare.

import type { HealthCheckOrder } from "./link/protocol.ts";
import type { CanaryConfig } from "./machine/config.ts";
import { integerOption, numberOption, objectOption } from "./options.ts";
import type { CanaryOptions, HealthCheckOptions } from "./service-types.ts";

const MINUTES_10_MS = 600_000;

/** `true` takes every default; off (null) unless asked for. @throws PoolError BROOD_BAD_OPTION */
export function checkCanary(canary: CanaryOptions | boolean | undefined): CanaryConfig | null {
  if (canary === undefined || canary === false) return null;
  const given: unknown = canary === true ? {} : canary;
  const known = ["requests", "maxErrorRateIncrease", "maxLatencyRatio", "timeoutMs"];
  objectOption("canary", given, known, "true, false or an object");
  const { requests, maxErrorRateIncrease, maxLatencyRatio, timeoutMs }: CanaryOptions = given;
  return {
    requests: integerOption("canary.requests", requests, 1, 1_000_000, 200),
    maxErrorRateIncrease: numberOption("canary.maxErrorRateIncrease", maxErrorRateIncrease, 0, 1, 0.01),
    maxLatencyRatio: numberOption("canary.maxLatencyRatio", maxLatencyRatio, 1, 1_000, 2),
    timeoutMs: integerOption("canary.timeoutMs", timeoutMs, 1, MINUTES_10_MS, 10_000),
  };
}

/** @throws PoolError BROOD_BAD_OPTION */
export function checkHealthCheck(
  healthCheck: HealthCheckOptions = {},
): Pick<HealthCheckOrder, "intervalMs" | "timeoutMs"> {
  objectOption("healthCheck", healthCheck, ["intervalMs", "timeoutMs"]);
  const { intervalMs, timeoutMs } = healthCheck;
  return {
    intervalMs: integerOption("healthCheck.intervalMs", intervalMs, 10, MINUTES_10_MS, 250),
    timeoutMs: integerOption("healthCheck.timeoutMs", timeoutMs, 10, MINUTES_10_MS, 5_000),
  };
}
