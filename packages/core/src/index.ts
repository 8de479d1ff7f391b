export { badOption, ERROR_CATALOGUE, type ErrorCode, PoolError } from "./errors.ts";
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
  RecycleOptions,
  RollProgress,
  Service,
  ServiceCounters,
  ServiceEvents,
  ServiceOptions,
  ServiceState,
  ServiceStats,
  WorkerEvent,
  WorkerSeat,
  WorkerStats,
} from "./service-types.ts";
export { formatLine } from "./supervisor/logging.ts";
