export type { ProbeResponse } from "./probe/exchange.ts";
export type { ProbeError, ProbeLatency, ProbeReport, ProbeSnapshot, SeenVersion } from "./probe/report.ts";
export { type Probe, type VersionProbeOptions, versionProbe } from "./probe/version-probe.ts";
export { type FaultChoice, type FaultKind, type Faults, faults } from "./simulation/faults.ts";
export {
  checkInvariants,
  createInvariants,
  type Finding,
  type Invariant,
} from "./simulation/invariants/index.ts";
export type { Observation, WorkerTruth } from "./simulation/observation.ts";
export { type SimulateOptions, type SimulationRun, simulate, type Violation } from "./simulation/simulate.ts";
