// Very many tasks while workers are killed at random and renewed: each settles exactly once, with its own result or a typed
// error, and none runs twice without `retries`. CI runs 60_000; `npx -y pnpm@12.21.0 test:tasks-chaos` a million.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PoolError, TaskPool } from "@brood/core";
import { describe, expect, it } from "vitest";
import { folder } from "../support.ts";
import { pool } from "./support.ts";

const COUNT = Number(process.env["TASKS_CHAOS"] ?? 60_000);
const SEED = Number(process.env["TASKS_CHAOS_SEED"] ?? 1);
const TIMEOUT_MS = 60_000 + COUNT;
const COUNTED = new URL("fixtures/counted.mjs", import.meta.url);

/** mulberry32: small, and the same everywhere. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Tally {
  readonly settled: Uint8Array;
  done: number;
  lost: number;
  /** Workers that the lost ones ended with. */
  readonly dead: Set<unknown>;
  readonly other: unknown[];
}

/** Keeps 20_000 under way until all have settled. `between` is called now and then. */
async function runAll(tasks: TaskPool, dies: () => boolean, between: () => void): Promise<Tally> {
  const tally: Tally = { settled: new Uint8Array(COUNT), done: 0, lost: 0, dead: new Set(), other: [] };
  let next = 0;
  const settle = (id: number) => {
    tally.settled[id] = (tally.settled[id] ?? 0) + 1;
  };
  const round = async (): Promise<void> => {
    const ids: number[] = [];
    while (next < COUNT && ids.length < 10_000) ids.push(next++);
    const each = ids.map((id) =>
      tasks.run([id, dies()]).then(
        (value) => {
          settle(id);
          if (value === id) tally.done += 1;
          else tally.other.push(value);
        },
        (error: PoolError) => {
          settle(id);
          if (error.code !== "BROOD_WORKER_EXITED") return void tally.other.push(error);
          tally.lost += 1;
          tally.dead.add(error.details["worker"]);
        },
      ),
    );
    between();
    await Promise.all(each);
  };
  const lane = async (): Promise<void> => {
    while (next < COUNT) await round();
  };
  await Promise.all([lane(), lane()]);
  return tally;
}

/** To call now and then. A restart forgets what its slots suffered; else most of the time would be theirs, as they wait
 *  longer and longer before they try again. */
function renewing(tasks: TaskPool): () => void {
  let calls = 0;
  return () => {
    calls += 1;
    if (calls % 5 === 0) void tasks.restart();
  };
}

function expectAllOnce(tally: Tally, runsOf: (id: number) => number): void {
  expect(tally.other).toEqual([]);
  expect(tally.done + tally.lost).toBe(COUNT);
  expect(tally.settled.every((times) => times === 1)).toBe(true);
  const twice: number[] = [];
  for (let id = 0; id < COUNT; id += 1) if (runsOf(id) > 1) twice.push(id);
  expect(twice).toEqual([]);
}

describe(`${COUNT} tasks with random deaths, seed ${SEED}`, () => {
  it("over worker_threads", { timeout: TIMEOUT_MS }, async () => {
    const draw = random(SEED);
    const runs = new Int32Array(new SharedArrayBuffer(COUNT * 4));
    const tasks = pool({
      filename: COUNTED,
      minWorkers: 3,
      maxWorkers: 3,
      maxQueue: Number.POSITIVE_INFINITY,
      workerData: { runs },
    });
    const tally = await runAll(tasks, () => draw() < 1 / 8_000, renewing(tasks));
    expectAllOnce(tally, (id) => runs[id] ?? 0);
    expect(tally.lost).toBeGreaterThan(0);
    // What had not begun was not lost: each death took the one task that caused it.
    expect(tally.dead.size).toBe(tally.lost);
  });

  it.each(["fresh", "template"] as const)(
    "over child_process, %s, killed from outside",
    { timeout: TIMEOUT_MS },
    async (spawn) => {
      const draw = random(SEED);
      const path = join(await folder(), "runs");
      const tasks = pool({
        filename: COUNTED,
        runtime: "child_process",
        spawn,
        minWorkers: 3,
        maxWorkers: 3,
        maxQueue: Number.POSITIVE_INFINITY,
        env: { ...process.env, RUNS_FILE: path },
      });
      const renew = renewing(tasks);
      const tally = await runAll(
        tasks,
        () => draw() < 1 / 30_000,
        () => {
          renew();
          const alive = tasks.stats().workers.filter(({ state }) => state === "ready");
          const victim = alive[Math.floor(draw() * alive.length)];
          if (victim?.pid != null) process.kill(victim.pid, "SIGKILL");
        },
      );
      const times = new Uint32Array(COUNT);
      const noted = readFileSync(path);
      for (let at = 0; at + 4 <= noted.length; at += 4) {
        const id = noted.readUInt32LE(at);
        times[id] = (times[id] ?? 0) + 1;
      }
      expectAllOnce(tally, (id) => times[id] ?? 0);
      expect(tasks.stats().counters.crashed).toBeGreaterThan(0);
    },
  );
});
