// A soak: a real server under load at a fixed rate while everything happens to it, for as long as asked. In the end it is left
// alone, gets a good release, has to be whole again, and is stopped; nothing of it may be left.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "@brood/core";
import { type Server, serve } from "@brood/http-adapter";
import { createRandom } from "../simulation/random.ts";
import { Ledger } from "./ledger.ts";
import { type Load, startLoad } from "./load.ts";
import { Mischief } from "./mischief.ts";
import { writeRelease } from "./releases.ts";

export interface SoakOptions {
  readonly seed: number;
  /** 1 or more; the calm at the end comes on top. */
  readonly seconds: number;
  readonly spawn: "fresh" | "template";
  /** Requests a second. */
  readonly rate: number;
  /** Called with a line for each deed. */
  readonly say?: (line: string) => void;
  readonly logger?: Logger;
}

export interface SoakReport {
  readonly requests: number;
  /** Failed while a worker ended that may have held them: how many of each error. */
  readonly excused: Readonly<Record<string, number>>;
  /** All others that failed: has to be empty. */
  readonly errors: readonly { readonly error: string; readonly atMs: number }[];
  readonly stale: number;
  readonly slotsLost: number;
  readonly processesLeft: number;
  /** What became of the good release at the end. */
  readonly healed: string;
  readonly rolls: Readonly<Record<string, number>>;
  readonly deeds: Readonly<Record<string, number>>;
  readonly counters: Readonly<Record<string, number>>;
}

const HEARTBEAT_TIMEOUT_MS = 2_000;
const WHOLE_AGAIN_MS = 60_000;
const GONE_MS = 5_000;

export async function soak(options: SoakOptions): Promise<SoakReport> {
  const folder = mkdtempSync(join(tmpdir(), "brood-soak-"));
  const ledger = new Ledger();
  try {
    const server = await start(options, folder);
    ledger.watch(server);
    for (const { pid } of server.stats().workers) if (pid !== null) ledger.pids.add(pid);
    const url = (server.addresses[0] ?? "").replace(/^tcp:/, "http:");
    const load = startLoad(url, options.rate, (sent) => ledger.took(sent));
    try {
      return await run(options, folder, server, load, ledger);
    } finally {
      await server.stop({ now: true });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function start({ spawn, logger }: SoakOptions, folder: string): Promise<Server> {
  return serve({
    entry: writeRelease(folder, 1, "good"),
    name: "soak",
    workers: 3,
    listen: "127.0.0.1:0",
    spawn,
    exposeGeneration: true,
    compileCache: false,
    bootTimeoutMs: 5_000,
    minHealthyMs: 400,
    drainTimeoutMs: 3_000,
    // A connection that was idle for so long is rarely asked again in the very moment in which it is closed.
    lingerMs: 1_000,
    heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS,
    healthCheck: { timeoutMs: 500 },
    recycle: { requests: 2_000 },
    logger: logger ?? SILENT,
  });
}

async function run(
  { seed, seconds, say = () => {} }: SoakOptions,
  folder: string,
  server: Server,
  load: Load,
  ledger: Ledger,
): Promise<SoakReport> {
  const random = createRandom(seed);
  const mischief = new Mischief(server, folder, random, HEARTBEAT_TIMEOUT_MS);
  const untilMs = performance.now() + seconds * 1_000;
  while (performance.now() < untilMs) {
    await delay(Math.min(random.durationMs(100, 3_000), Math.max(0, untilMs - performance.now())));
    say(mischief.next());
  }
  say("calm");
  await mischief.settled();
  const healed = await mischief.heal();
  const slotsLost = await slotsLostBy(server, performance.now() + WHOLE_AGAIN_MS);
  await load.stop();
  const { counters } = server.stats();
  await server.stop();
  ledger.close();
  const { requests, excused, errors, stale, rolls } = ledger;
  const processesLeft = await leftOf([...ledger.pids], performance.now() + GONE_MS);
  const told = { requests, excused, errors, stale, rolls, healed, slotsLost, processesLeft };
  return { ...told, deeds: mischief.counts, counters: { ...counters } };
}

async function slotsLostBy(server: Server, untilMs: number): Promise<number> {
  for (;;) {
    const { desired, ready, state } = server.stats();
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

const SILENT: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
