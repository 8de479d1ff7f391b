export { badOption, ERROR_CATALOGUE, type ErrorCode, PoolError } from "./errors.ts";
export type { ListenerStats } from "./listener-stats.ts";
export type { CanaryVerdict, CanaryView } from "./machine/analysis.ts";
export type { AnswerFigures } from "./machine/answers.ts";
export { type HeldCounts, type HeldKind, heldInWords } from "./machine/held.ts";
export type {
  FailureReason,
  Generation,
  Release,
  RollOutcome,
  RollResult,
  RollStep,
  SlotIndex,
  WorkerId,
  WorkerState,
} from "./machine/names.ts";
export type { LogFields, Logger } from "./ports/log.ts";
export type { PassedSocket } from "./ports/spawn-strategy.ts";
export { createService } from "./service.ts";
export { type CheckedServiceOptions, checkServiceOptions } from "./service-options.ts";
export type {
  CanaryOptions,
  HealthCheckOptions,
  RecycleOptions,
  Reloaded,
  RestartOptions,
  RollProgress,
  Service,
  ServiceCounters,
  ServiceEvents,
  ServiceOptions,
  ServiceSettings,
  ServiceState,
  ServiceStats,
  ThreadLimits,
  WorkerEvent,
  WorkerSeat,
  WorkerStats,
} from "./service-types.ts";
export { formatLine } from "./supervisor/logging.ts";
export { createTaskPool } from "./tasks/create-task-pool.ts";
export type { CustomQueue } from "./tasks/custom-queue.ts";
export type {
  BalancedWorker,
  MapOptions,
  QueuedTask,
  RunOptions,
  TaskPool,
  TaskPoolEvents,
  TaskPoolOptions,
  TaskPoolStats,
  TaskRecycleOptions,
  TaskResourceLimits,
  TaskRuntime,
} from "./tasks/pool-types.ts";
export { defineTasks, type TaskFunction, type TaskFunctionContext } from "./tasks/task-types.ts";
export type { PoolHistogram, TimeSummary } from "./tasks/timings.ts";
export { move } from "./worker/movable.ts";
