export type { CanaryVerdict, CanaryView } from "./analysis.ts";
export { type AnswerFigures, type Answers, latencyBucket } from "./answers.ts";
export type { Announcement, Command, RollView, WorkerIdentity } from "./commands.ts";
export type { CanaryConfig, MachineConfig } from "./config.ts";
export type { MachineEvent, Moment, Report, WorkerEvent } from "./events.ts";
export { InvariantError } from "./invariant.ts";
export { createMachine, type Machine } from "./machine.ts";
export {
  type FailureReason,
  type Generation,
  NO_USAGE,
  type Release,
  type RollResult,
  type SlotIndex,
  type Usage,
  type WorkerId,
  type WorkerState,
} from "./names.ts";
export type { Slot, Worker } from "./registry.ts";
export type { MachineSnapshot, WorkerSnapshot } from "./snapshot.ts";
export type { World } from "./world.ts";
