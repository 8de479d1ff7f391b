// How many workers a pool should have now: pure arithmetic between minWorkers and maxWorkers. It grows as soon as tasks wait
// for which nobody is free, by as many as wait; it shrinks by those that had nothing to do for `idleTimeoutMs`.

export interface Bounds {
  readonly minWorkers: number;
  readonly maxWorkers: number;
}

/** Tasks wait and nobody is free. */
export function grown(desired: number, queued: number, booting: number, { maxWorkers }: Bounds): number {
  // Those that boot will take some of the tasks that wait.
  return Math.min(maxWorkers, desired + Math.max(0, queued - booting));
}

/** So many had nothing to do for long enough. */
export function shrunk(desired: number, idle: number, { minWorkers }: Bounds): number {
  return Math.max(minWorkers, desired - idle);
}

export function clamped(desired: number, { minWorkers, maxWorkers }: Bounds): number {
  return Math.min(maxWorkers, Math.max(minWorkers, desired));
}
