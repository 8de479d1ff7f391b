// How a template comes to be, and how workers are made from it. The supervisor knows only this: an order goes in, and what
// happens to the template, or to a worker forked from it, comes back through its sink.

import type { FileStamp } from "../link/protocol.ts";
import type { TemplateMessage } from "../link/template-protocol.ts";
import type { Generation, Release, TemplateId } from "../machine/names.ts";
import type { SpawnOrder, WorkerEnd, WorkerHandle, WorkerSink } from "./spawn-strategy.ts";

/** What to build. The template must report exactly this template and generation. */
export interface TemplateOrder {
  readonly template: TemplateId;
  readonly generation: Generation;
  readonly release: Release;
  readonly stamps: readonly FileStamp[];
  /** Milliseconds from now until it must be ready. */
  readonly bootTimeoutMs: number;
}

/** Called by the strategy, in order, for one template; `exited` or `failed` is last and comes exactly once. */
export interface TemplateSink {
  spawned(pid: number): void;
  message(message: TemplateMessage): void;
  violated(detail: string): void;
  failed(error: Error): void;
  exited(end: WorkerEnd): void;
}

export interface TemplateHandle {
  /** Forks a worker. Its sink is called as that of any other worker, also when the template dies over it: then after the
   *  template's own end was reported, so that many lost orders count as the one death they are. */
  fork(order: SpawnOrder, sink: WorkerSink): WorkerHandle;
  /** Ends the template; its workers live on. */
  kill(): void;
}

export interface TemplateStrategy {
  build(order: TemplateOrder, sink: TemplateSink): TemplateHandle;
}
