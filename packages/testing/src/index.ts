export {
  type LinkContract,
  type LinkEnd,
  type LinkUnderTest,
  linkContract,
} from "./contract/link-contract.ts";
export type { ReleaseBehaviour } from "./contract/releases.ts";
export type { ContractRunner } from "./contract/runner.ts";
export { type SpawnStrategyContract, spawnStrategyContract } from "./contract/spawn-strategy-contract.ts";
export type { CreateStrategy, StrategySetup, StrategyUnderTest } from "./contract/stage.ts";
export { templateAsStrategy } from "./contract/template-as-strategy.ts";
export { type BootOrder, type BootOrders, bootOrders } from "./inject/boot-orders.ts";
export type { DescriptorShortage } from "./inject/descriptors.ts";
export { type BootFault, type FaultInjector, faultInjector } from "./inject/fault-injector.ts";
export type { Freeze } from "./inject/freeze.ts";
export { type FullDisk, fullDisk } from "./inject/full-disk.ts";
export type { KillSignal } from "./inject/kill.ts";
export type { FaultTarget, Victim } from "./inject/target.ts";
export type { TemplateSignal, TemplateVictim } from "./inject/template.ts";
export { type TestPool, type TestPoolConfig, testPool } from "./pool/test-pool.ts";
export type { LostKind, LostRequests, ProbeConnections } from "./probe/connections.ts";
export type { Failure, ProbeResponse } from "./probe/exchange.ts";
export type { VersionProbeOptions } from "./probe/options.ts";
export type { ProbeError, ProbeLatency, ProbeReport, ProbeSnapshot, SeenVersion } from "./probe/report.ts";
export type { ProbeRequest } from "./probe/request.ts";
export { type Probe, versionProbe } from "./probe/version-probe.ts";
export type { AskOptions } from "./server/ask.ts";
export type { ReleaseFiles, TestRelease } from "./server/releases.ts";
export { type TestServer, testServer } from "./server/test-server.ts";
export type { TestServerConfig } from "./server/test-server-config.ts";
export { type FaultChoice, type FaultKind, type Faults, faults } from "./simulation/faults.ts";
export {
  checkInvariants,
  createInvariants,
  type Finding,
  type Invariant,
} from "./simulation/invariants/index.ts";
export type { Observation, TemplateTruth, WorkerTruth } from "./simulation/observation.ts";
export { type SimulateOptions, type SimulationRun, simulate, type Violation } from "./simulation/simulate.ts";
export { assertCapacity, assertDroppedNothing, assertNoStaleAnswers } from "./verdicts/asserts.ts";
export { type CapacityChange, type CapacityRecorder, capacityOf } from "./verdicts/capacity.ts";
export { type BroodMatchers, type MatcherResult, matchers } from "./verdicts/matchers.ts";
