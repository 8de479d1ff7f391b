export type { ProbeResponse } from "./probe/exchange.ts";
export type { ProbeError, ProbeLatency, ProbeReport, ProbeSnapshot, SeenVersion } from "./probe/report.ts";
export { type Probe, type VersionProbeOptions, versionProbe } from "./probe/version-probe.ts";
