export type { CanaryVerdict, CanaryView } from "./analysis.ts";
export { type AnswerFigures, type Answers, latencyBucket } from "./answers.ts";
export type { Announcement, Command, RollView, TemplateIdentity, WorkerIdentity } from "./commands.ts";
export type { CanaryConfig, MachineConfig } from "./config.ts";
export type { MachineEvent, Moment, Report, TemplateEvent, TemplateReport, WorkerEvent } from "./events.ts";
export { InvariantError } from "./invariant.ts";
export { createMachine, type Machine } from "./machine.ts";
export {
  type FailureReason,
  type Generation,
  NO_USAGE,
  type Release,
  type RollResult,
  type SlotIndex,
  type TemplateId,
  type TemplateState,
  type Usage,
  type WorkerId,
  type WorkerState,
} from "./names.ts";
export type { Slot, Worker } from "./registry.ts";
export type { MachineSnapshot, TemplateSnapshot, WorkerSnapshot } from "./snapshot.ts";
export type { Template, TemplateSeat } from "./template-registry.ts";
export type { World } from "./world.ts";
