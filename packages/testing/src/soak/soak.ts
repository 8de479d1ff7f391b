// A soak: a real server under load while everything happens to it, for as long as asked. It is the command, started in the
// folder that `current` names, and deploys move that link. In the end it is left alone, gets a good release by `brood
// restart`, has to be whole again, and is stopped; nothing of it may be left.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ProbeConnections } from "../probe/connections.ts";
import { createRandom } from "../simulation/random.ts";
import { Ledger } from "./ledger.ts";
import { type Load, startLoad } from "./load.ts";
import { Mischief } from "./mischief.ts";
import { ReleaseFolders } from "./releases.ts";
import { SoakServer } from "./server.ts";

export interface SoakOptions {
  readonly seed: number;
  /** 1 or more; the calm at the end comes on top. */
  readonly seconds: number;
  readonly spawn: "fresh" | "template";
  /** Requests a second over new connections. */
  readonly rate: number;
  /** Kept connections over a link of 40 ms each way, each asked once a second on average. */
  readonly kept: number;
  /** Called with a line for each deed, and for each that the server says. */
  readonly say?: (line: string) => void;
}

export interface SoakReport {
  readonly requests: number;
  /** Failed while a worker ended that may have held them: how many of each error. */
  readonly excused: Readonly<Record<string, number>>;
  /** All others that failed: has to be empty. */
  readonly errors: readonly { readonly error: string; readonly atMs: number }[];
  /** What became of the kept connections. */
  readonly connections: ProbeConnections;
  readonly stale: number;
  /** Completed, with an older release than `current` named when they were asked for. */
  readonly staleDeploys: number;
  /** Workers that took what the application wrote for another release. */
  readonly takenForCode: number;
  readonly slotsLost: number;
  readonly processesLeft: number;
  /** Of the server, when it was stopped. */
  readonly exitCode: number | null;
  /** What became of the good release at the end. */
  readonly healed: string;
  readonly rolls: Readonly<Record<string, number>>;
  readonly deeds: Readonly<Record<string, number>>;
  readonly counters: Readonly<Record<string, number>>;
}

const WORKERS = 3;
const LATENCY_MS = 40;
const THINK_MAX_MS = 2_000;
/** Of all deeds: so many of them, and what is under way, are let come to their end before the next one. A deploy that another one
 *  replaces proves little of what a whole one does. */
const LEFT_ALONE = 0.4;
const HEARTBEAT_TIMEOUT_MS = 2_000;
const WHOLE_AGAIN_MS = 60_000;
const GONE_MS = 5_000;

export async function soak(options: SoakOptions): Promise<SoakReport> {
  const folder = mkdtempSync(join(tmpdir(), "brood-soak-"));
  try {
    const releases = new ReleaseFolders(folder);
    releases.deploy("good");
    const ledger = new Ledger();
    const { say = () => {} } = options;
    const server = await SoakServer.start({
      current: releases.current,
      control: join(folder, "control.sock"),
      args: [
        ...["-w", String(WORKERS), "-l", "127.0.0.1:0", "--spawn", options.spawn],
        ...["--heartbeat-timeout", String(HEARTBEAT_TIMEOUT_MS)],
      ],
      say: (line) => {
        ledger.heard(line);
        say(line);
      },
    });
    try {
      return await run(options, releases, server, ledger);
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(
  { seed, seconds, spawn, rate, kept, say = () => {} }: SoakOptions,
  releases: ReleaseFolders,
  server: SoakServer,
  ledger: Ledger,
): Promise<SoakReport> {
  await server.watch((name, data) => ledger.saw(name, data));
  for (const { pid } of (await server.stats()).workers) if (pid !== null) ledger.pids.add(pid);
  const asked = { url: server.url, rate, kept, seed, latencyMs: LATENCY_MS, thinkMs: THINK_MAX_MS };
  const load: Load = await startLoad(asked, (sent) => ledger.took(sent));
  const random = createRandom(seed);
  const order = { server, releases, ledger, random, heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS };
  const mischief = new Mischief(order, spawn);
  const untilMs = performance.now() + seconds * 1_000;
  const leftMs = (): number => Math.max(0, untilMs - performance.now());
  while (leftMs() > 0) {
    await delay(Math.min(random.durationMs(100, 3_000), leftMs()));
    say(`== ${await mischief.next()}`);
    if (random.next() < LEFT_ALONE)
      await Promise.race([mischief.settled(), delay(leftMs(), null, { ref: false })]);
  }
  say("== calm");
  await mischief.settled();
  const healed = await mischief.heal();
  const slotsLost = await slotsLostBy(server, performance.now() + WHOLE_AGAIN_MS);
  const connections = await load.stop();
  const { counters } = await server.stats();
  const exitCode = await server.stop();
  ledger.close();
  const { requests, excused, errors, stale, staleDeploys, takenForCode, rolls } = ledger;
  const processesLeft = await leftOf([...ledger.pids], performance.now() + GONE_MS);
  const seen = { requests, excused, errors, connections, stale, staleDeploys, takenForCode, rolls };
  const end = { healed, slotsLost, processesLeft, exitCode };
  return { ...seen, ...end, deeds: mischief.counts, counters: { ...counters } };
}

async function slotsLostBy(server: SoakServer, untilMs: number): Promise<number> {
  for (;;) {
    const { desired, ready, state } = await server.stats();
    if ((ready === desired && state === "running") || performance.now() > untilMs)
      return Math.max(0, desired - ready);
    await delay(20);
  }
}

/** Those that still carry our title: a pid may be somebody else's by now. */
async function leftOf(pids: readonly number[], untilMs: number): Promise<number> {
  for (;;) {
    const left = pids.filter((pid) => titleOf(pid).startsWith("brood soak"));
    if (left.length === 0 || performance.now() > untilMs) return left.length;
    await delay(20);
  }
}

function titleOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
