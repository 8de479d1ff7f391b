// How workers come to be by one set of settings: their environment and flags, what they are told first.

import type { SpawnStrategy } from "./spawn-strategy.ts";
import type { TemplateStrategy } from "./template-strategy.ts";

export interface Strategies {
  readonly strategy: SpawnStrategy;
  /** Null: the machine never asks for one. */
  readonly templates: TemplateStrategy | null;
}
