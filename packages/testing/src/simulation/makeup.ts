// What a simulated process is made of.

import type { Generation, Release, SpawnOrder, WorkerId } from "@brood/core/engine";
import type { Behaviour } from "./behaviour.ts";

/** `order` is what it was asked to be; the rest is what it is. */
export interface WorkerMakeup {
  readonly order: SpawnOrder;
  readonly worker: WorkerId;
  readonly generation: Generation;
  readonly release: Release;
  readonly behaviour: Behaviour;
  readonly heartbeatIntervalMs: number;
  readonly pid: number;
}
