// The engine's parts, for whoever runs them over ports of their own: the simulation and the contract suites of
// `@brood/testing`, or a custom spawn strategy. Not needed to use Brood.

export {
  createFrameWriter,
  createSupervisorFrameReader,
  createTemplateCommandReader,
  createTemplateFrameReader,
  createWorkerFrameReader,
  type FrameReader,
  type FrameWriter,
} from "./link/frames.ts";
export type { BootOrder, FileStamp, Frame, SupervisorMessage, WorkerMessage } from "./link/protocol.ts";
export type { TemplateCommand, TemplateMessage } from "./link/template-protocol.ts";
export * from "./machine/index.ts";
export { type Binding, type NativeSupport, nativeSupport } from "./native/index.ts";
export type { Clock, Entropy } from "./ports/clock.ts";
export type { ReleaseRequest, ResolveRelease } from "./ports/release-resolver.ts";
export type {
  PassedSocket,
  SpawnOrder,
  SpawnStrategy,
  WorkerEnd,
  WorkerHandle,
  WorkerSink,
} from "./ports/spawn-strategy.ts";
export type {
  TemplateHandle,
  TemplateOrder,
  TemplateSink,
  TemplateStrategy,
} from "./ports/template-strategy.ts";
export { ReleaseResolver } from "./release/release-resolver.ts";
export type { Source } from "./release/resolve.ts";
export type { WorkerSeat } from "./service-types.ts";
export { createFreshProcessStrategy, type FreshProcessOptions } from "./spawn/fresh-process.ts";
export { createFreshThreadStrategy, type FreshThreadOptions } from "./spawn/fresh-thread.ts";
export { createTemplateStrategy, type TemplateStrategyOptions } from "./spawn/template/template-strategy.ts";
export { Supervisor, type SupervisorPorts } from "./supervisor/supervisor.ts";
export { Waiters } from "./supervisor/waiters.ts";
