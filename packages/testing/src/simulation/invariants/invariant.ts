// One thing that must hold after every step of the machine. An invariant may remember earlier steps; each run has its own.

import type { Observation } from "../observation.ts";

export interface Invariant {
  readonly name: string;
  /** What is broken, in words with numbers; null when it holds. */
  check(observation: Observation): string | null;
}

/** A broken invariant. */
export interface Finding {
  readonly invariant: string;
  readonly message: string;
}
