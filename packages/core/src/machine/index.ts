export type {
  FailureReason,
  Generation,
  Release,
  RollResult,
  Usage,
  WorkerId,
  WorkerState,
} from "./names.ts";
