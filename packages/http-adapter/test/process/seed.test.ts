// The bug that Brood exists for, in the layout that it was reported in: /var/www/app/application is a link to a release, the
// service's working directory is that link, its socket, pidfile and logs lie in /var/www/app/shared, 24 workers are forked
// from one that has loaded the application, and a deploy moves the link and sends USR1 to the pid in the pidfile. Two phased
// restarts under load, and nobody may ever be answered by old code after a restart has completed. The roll is longer than the
// heartbeat timeout, as it was in the report.

import { promises as fs } from "node:fs";
import { dirname, join } from "node:path";
import { type Probe, type ProbeReport, versionProbe } from "@brood/testing";
import { describe, expect, it, onTestFailed } from "vitest";
import { type BroodServer, EXPRESS, startBroodIn, testFolder } from "../support/brood-server.ts";
import { seen } from "../support/look.ts";
import { watchReadyFloor } from "../support/ready-floor.ts";
import { runtimes, SPAWN } from "../support/spawn.ts";
import { within } from "../support/within.ts";

const WORKERS = 24;

const IS_ALL = process.env["BROOD_TEST_ROWS"] === "all";
if (!IS_ALL) console.log("left to pnpm test:nodes (BROOD_TEST_ROWS=all): Express in fresh workers, threads");

/** Two thousand requests a second at most: as fast as it goes, the clients would take the cores in which 72 workers boot. */
const PAUSE_MS = 15;

/** All clients are in this one process: on a busy machine it may be half a second late with its next request. */
const LINGER_MS = 3_000;

/** The canary is watched for as long, so the roll takes longer on any machine. */
const HEARTBEAT_TIMEOUT_MS = 1_500;

/** 24 threads load one after the other in one process, beside its clients: minutes of a slow machine. */
const ROWS = runtimes().filter((runtime) => IS_ALL || runtime === "process");

/** The version is a constant of the application, read from a file of the release when it is loaded, as in the report. An Express
 *  app, but 72 fresh workers would load it for half a minute of CI; what they share with forked ones is seen there. */
const APP =
  IS_ALL || SPAWN === "template"
    ? `import { readFileSync } from "node:fs";
import express from ${JSON.stringify(EXPRESS)};
const version = readFileSync("VERSION", "utf8");
export default express().get("/", (request, response) => response.send(version));
`
    : `import { readFileSync } from "node:fs";
import { createServer } from "node:http";
const version = readFileSync("VERSION", "utf8");
export default createServer((request, response) => response.end(version));
`;

interface SeedLayout {
  /** The link. */
  readonly application: string;
  readonly shared: string;
  readonly pidfile: string;
  readonly config: string;
  /** Points the link at a release. */
  move(release: number): Promise<void>;
}

async function seedLayout(runtime: string): Promise<SeedLayout> {
  const releases = [1, 2, 3].map((release) => `var/www/app/releases/${release}`);
  const files = releases.flatMap((folder, index) => [
    [`${folder}/app.mjs`, APP],
    [`${folder}/package.json`, `{ "version": "${index + 1}.0.0" }`],
    [`${folder}/VERSION`, String(index + 1)],
  ]);
  const root = join(await testFolder(Object.fromEntries(files)), "var/www/app");
  const shared = join(root, "shared");
  const [application, config] = [join(root, "application"), join(shared, "config/brood.config.json")];
  const pidfile = join(shared, "tmp/pids/brood.pid");
  const socket = join(shared, "tmp/sockets/brood-app.sock");
  for (const path of [pidfile, socket, config, join(shared, "log/x")])
    await fs.mkdir(dirname(path), { recursive: true });
  // Beside the pidfile and the socket, as the report's puma.rb.
  const values = {
    ...{ cwd: application, entry: "app.mjs", workers: WORKERS, runtime, spawn: SPAWN },
    ...{ listen: [`unix:${socket}`, "127.0.0.1:0"], pidfile },
    ...{ stdout: join(shared, "log/brood.stdout.log"), stderr: join(shared, "log/brood.stderr.log") },
    ...{ heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS, minHealthyMs: HEARTBEAT_TIMEOUT_MS, lingerMs: LINGER_MS },
  };
  await fs.writeFile(config, JSON.stringify(values));
  await fs.symlink("releases/1", application);
  return {
    ...{ application, shared, pidfile, config },
    async move(release) {
      await fs.symlink(`releases/${release}`, join(root, "next"));
      await fs.rename(join(root, "next"), application);
    },
  };
}

/** As a service manager does: its working directory is the link's folder, and nobody has set $PWD. */
async function startService({ application, shared, pidfile, config }: SeedLayout): Promise<BroodServer> {
  onTestFailed(async () => console.error(await fs.readFile(join(shared, "log/brood.stderr.log"), "utf8")));
  const place = { folder: shared, cwd: application, pidfile, env: { PWD: undefined } };
  return startBroodIn(place, "--config", config);
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

describe.each(ROWS)(`the seed's case in its own layout, runtime %s, ${WORKERS} workers`, (runtime) => {
  it("A1, A10, A11, D36, G65: two phased restarts by USR1 under load, the link moved before each: no error, no stale answer, all ready throughout", async () => {
    const layout = await seedLayout(runtime);
    const server = await startService(layout);
    const floor = await watchReadyFloor(server.control, await server.stats());
    const probes = await clients(server.addresses);

    const restarted = async (release: number): Promise<number> => {
      await layout.move(release);
      const pid = Number(await fs.readFile(layout.pidfile, "utf8"));
      expect(pid).toBe(server.pid);
      process.kill(pid, "SIGUSR1");
      const roll = await rollEnded(server.stats, release);
      const completedAtMs = Date.now();
      const counts = { from: release - 1, to: release, replaced: WORKERS, killed: 0 };
      expect(roll).toMatchObject({ result: "completed", ...counts });
      expect(roll?.durationMs).toBeGreaterThan(HEARTBEAT_TIMEOUT_MS);
      // Everyone asks at least once more, so that there is something to be stale.
      const before = probes.map((probe) => probe.snapshot().requests);
      await within("requests after the restart", asked(probes, before));
      return completedAtMs;
    };
    const [secondAtMs, thirdAtMs] = [await restarted(2), await restarted(3)];
    const reports = await Promise.all(probes.map((probe) => probe.stop()));
    for (const report of reports) expectClean(report, secondAtMs, thirdAtMs);
    expect(floor.lowest()).toBe(WORKERS);
    floor.close();

    const stats = await server.stats();
    expect(stats).toMatchObject({ generation: 3, ready: WORKERS, state: "running" });
    expect(stats.workers.map(({ generation }) => generation)).toEqual(Array(WORKERS).fill(3));
    expect(stats.counters).toMatchObject({ crashed: 0, killed: 0, mismatched: 0, spawned: 3 * WORKERS });
    await server.command("stop");
    expect(await server.ended()).toEqual({ exitCode: 0, signal: null });
    await expect(fs.access(layout.pidfile)).rejects.toThrow("ENOENT");
  }, 300_000);
});

function expectClean(report: ProbeReport, secondAtMs: number, thirdAtMs: number): void {
  expect(report.errorsByKind).toEqual({});
  expect(Object.keys(report.byVersion).sort()).toEqual(["1", "2", "3"]);
  expect(lastSent(report, "1")).toBeLessThanOrEqual(secondAtMs);
  expect(report.staleAfter(thirdAtMs, "3")).toBe(0);
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
