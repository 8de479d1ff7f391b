// What a simulated process is made of.

import type {
  Generation,
  Release,
  SpawnOrder,
  TemplateId,
  TemplateOrder,
  WorkerId,
} from "@brood/core/engine";
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
  /** Forked from this one; null: a fresh process. */
  readonly template: TemplateId | null;
}

/** The same for a template. What it finds on the disk when it starts is what its workers run. */
export interface TemplateMakeup {
  readonly order: TemplateOrder;
  readonly template: TemplateId;
  readonly generation: Generation;
  readonly release: Release;
  readonly behaviour: Behaviour;
  readonly heartbeatIntervalMs: number;
  readonly pid: number;
}
