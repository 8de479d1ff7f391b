// The options of one run. Every budget is tight in some runs and loose in others, because a defect in how two of them meet
// shows only then.

import type { MachineConfig } from "@brood/core/engine";
import type { Random } from "./random.ts";

/** Small and large values of each option, so that every budget is tight in some runs. */
export function drawConfig(random: Random, slots: number): MachineConfig {
  const [maxSurge, maxUnavailable] = random.pick([
    [1, 0],
    [1, 0],
    [2, 0],
    [3, 1],
    [8, 0],
    [0, 1],
    [1, 1],
    [0, 2],
  ] as const);
  return {
    desired: slots,
    bootTimeoutMs: random.pick([500, 2_000, 30_000]),
    minHealthyMs: random.pick([0, 100, 1_000, 3_000]),
    drainTimeoutMs: random.pick([0, 100, 1_000, 30_000]),
    heartbeatTimeoutMs: random.pick([300, 1_000, 6_000, 30_000]),
    maxSurge,
    maxUnavailable,
    maxFailures: random.pick([1, 2, 3, 3]),
    bootConcurrency: random.pick([1, 2, 2, 8]),
    onReleaseChanged: random.pick(["warn", "warn", "refuse"]),
    template: random.chance(0.5) ? null : drawTemplate(random),
    recycle: {
      requests: random.chance(0.3) ? random.integer(10, 1_000) : null,
      jitter: random.pick([0, 0.2, 1]),
      memoryBytes: random.chance(0.2) ? 500_000_000 : null,
      ageMs: random.chance(0.2) ? random.integer(2_000, 60_000) : null,
      eventLoopDelayMs: random.chance(0.2) ? 100 : null,
    },
    canary: random.chance(0.3)
      ? {
          requests: random.pick([1, 20, 200]),
          maxErrorRateIncrease: 0.05,
          maxLatencyRatio: 2,
          timeoutMs: random.pick([1, 1_000, 10_000]),
        }
      : null,
  };
}

export function drawTemplate(random: Random): MachineConfig["template"] {
  return { fallback: random.pick(["fresh", "wait"]), failuresMax: random.pick([1, 2, 3, 3]) };
}
