// Probes for tests.

import { onTestFinished } from "vitest";
import { type Probe, type VersionProbeOptions, versionProbe } from "../../src/index.ts";

/** A probe that is stopped when the test ends, also when it fails. */
export async function probing(options: VersionProbeOptions): Promise<Probe> {
  const probe = await versionProbe({ clients: 4, ...options });
  onTestFinished(() => probe.stop().then(() => {}));
  return probe;
}

/** Good answers of a version so far. */
export function answers(probe: Probe, version: string): number {
  return probe.snapshot().byVersion[version] ?? 0;
}
