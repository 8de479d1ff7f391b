// The bug that Brood exists for: 24 workers, phased restarts under load, and nobody may ever be answered by old code
// after a restart has completed. The roll is longer than the heartbeat timeout, as it was in the report.

import { promises as fs } from "node:fs";
import { join } from "node:path";
import { type Probe, type ProbeReport, versionProbe } from "@brood/testing";
import { describe, expect, it } from "vitest";
import { expressApp, startBrood, testFolder } from "../support/brood-server.ts";
import { seen } from "../support/look.ts";
import { watchReadyFloor } from "../support/ready-floor.ts";
import { runtimes, SPAWN } from "../support/spawn.ts";
import { within } from "../support/within.ts";

const WORKERS = 24;

const IS_ALL = process.env["BROOD_TEST_ROWS"] === "all";
if (!IS_ALL)
  console.log("left to pnpm test:nodes (BROOD_TEST_ROWS=all): Express in fresh workers, 24 threads");

/** In one process they load one after the other, beside its clients: minutes of a slow machine. */
const THREADS = IS_ALL ? WORKERS : 8;

/** An Express app. 72 fresh workers would load it for half a minute of CI; what they share with forked ones is seen there. */
const app = IS_ALL || SPAWN === "template" ? expressApp : plainApp;

/** Two thousand requests a second at most: as fast as it goes, the clients would take the cores in which 72 workers boot. */
const PAUSE_MS = 15;

/** All clients are in this one process: on a busy machine it may be half a second late with its next request. */
const LINGER_MS = "3000";

/** The canary is watched for as long, so the roll takes longer on any machine. */
const HEARTBEAT_TIMEOUT_MS = 1_500;

const ROWS = runtimes().map((runtime) => [runtime, runtime === "thread" ? THREADS : WORKERS] as const);

function plainApp(version: string): string {
  return `import { createServer } from "node:http";
export default createServer((request, response) => response.end(${JSON.stringify(version)}));
`;
}

/** 16 clients without keep-alive and 16 with, half of each over TCP and half over the unix socket. */
function clients(addresses: readonly string[]): Promise<Probe[]> {
  return Promise.all(
    addresses.flatMap((target) =>
      [true, false].map((newConnections) =>
        versionProbe({ target, clients: 8, newConnections, pauseMs: PAUSE_MS }),
      ),
    ),
  );
}

describe.each(ROWS)("the seed's case, runtime %s, %i workers", (runtime, workers) => {
  it("A1, A11, D36: a restart by USR2 and one by command under load: no error, no stale answer, all ready throughout", async () => {
    const folder = await testFolder({ "app.mjs": app("1") });
    const server = await startBrood(
      folder,
      ...["-w", String(workers), "-l", "127.0.0.1:0", "-l", `unix:${join(folder, "app.sock")}`],
      ...["--heartbeat-timeout", String(HEARTBEAT_TIMEOUT_MS), "--min-healthy", String(HEARTBEAT_TIMEOUT_MS)],
      ...["--linger", LINGER_MS, "--runtime", runtime],
    );
    const floor = await watchReadyFloor(server.control, await server.stats());
    const probes = await clients(server.addresses);

    await fs.writeFile(join(folder, "app.mjs"), app("2"));
    const pid = Number(await fs.readFile(server.pidfile, "utf8"));
    expect(pid).toBe(server.pid);
    process.kill(pid, "SIGUSR2");
    const bySignal = await rollEnded(server.stats, 2);
    const afterSignal = Date.now();
    expect(bySignal).toMatchObject({ result: "completed", from: 1, to: 2, replaced: workers, killed: 0 });
    expect(bySignal?.durationMs).toBeGreaterThan(HEARTBEAT_TIMEOUT_MS);

    await fs.writeFile(join(folder, "app.mjs"), app("3"));
    const command = await server.command("restart");
    const afterCommand = Date.now();
    expect(command).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(`replaced=${workers}`) });

    // Everyone asks at least once more, so that there is something to be stale.
    const before = probes.map((probe) => probe.snapshot().requests);
    await within("requests after the restart", asked(probes, before));
    const reports = await Promise.all(probes.map((probe) => probe.stop()));
    for (const report of reports) expectClean(report, afterSignal, afterCommand);
    expect(floor.lowest()).toBe(workers);
    floor.close();

    const stats = await server.stats();
    expect(stats).toMatchObject({ generation: 3, ready: workers, state: "running" });
    expect(stats.workers.map(({ generation }) => generation)).toEqual(Array(workers).fill(3));
    expect(stats.counters).toMatchObject({ crashed: 0, killed: 0, mismatched: 0, spawned: 3 * workers });
    await server.command("stop");
    expect(await server.ended()).toEqual({ exitCode: 0, signal: null });
  }, 300_000);
});

function expectClean(report: ProbeReport, afterSignal: number, afterCommand: number): void {
  expect(report.errorsByKind).toEqual({});
  expect(Object.keys(report.byVersion).sort()).toEqual(["1", "2", "3"]);
  expect(lastSent(report, "1")).toBeLessThanOrEqual(afterSignal);
  expect(report.staleAfter(afterCommand, "3")).toBe(0);
}

/** When the last request that this version answered was sent. */
function lastSent(report: ProbeReport, version: string): number {
  return report.versions.find((seen) => seen.version === version)?.lastSentAtMs ?? Number.NaN;
}

async function rollEnded(
  stats: () => Promise<{ readonly lastRoll: ProbeRoll | null }>,
  to: number,
): Promise<ProbeRoll | null> {
  let lastRoll: ProbeRoll | null = null;
  await seen(async () => {
    ({ lastRoll } = await stats());
    return lastRoll?.to === to;
  });
  return lastRoll;
}

interface ProbeRoll {
  readonly to: number;
  readonly durationMs: number;
}

async function asked(probes: readonly Probe[], before: readonly number[]): Promise<void> {
  await seen(() => probes.every((probe, index) => probe.snapshot().requests > (before[index] ?? 0) + 100));
}
