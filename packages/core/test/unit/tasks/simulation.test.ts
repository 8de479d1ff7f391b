// A pool over 24 hours of virtual time: tasks of all lengths, deaths, failing boots, restarts, resizing. Every task settles, none
// runs twice unasked, nothing runs old code after a restart has completed, and nobody is left over.

import { describe, expect, it } from "vitest";
import { PoolError } from "../../../src/errors.ts";
import { simulatedPool } from "./simulated-pool.ts";
import { SimulatedFleet, type SimulatedTask, VirtualTime } from "./simulated-workers.ts";

const HOUR_MS = 3_600_000;

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 8) / 2 ** 24;
  };
}

interface Seen {
  submitted: number;
  done: number;
  readonly refused: Map<string, number>;
  readonly stale: number[];
  completedGeneration: number;
}

function simulated(seed: number, retries: number) {
  const time = new VirtualTime();
  const draw = random(seed);
  const fleet = new SimulatedFleet(time, { draw, bootFailures: 0.02, deathsPerTask: 0.002 });
  const options = {
    minWorkers: 2,
    maxWorkers: 6,
    maxQueue: 500,
    taskTimeoutMs: 20_000,
    retries,
    abortGraceMs: 500,
  };
  const pool = simulatedPool(options, time, fleet, draw);
  return { time, draw, fleet, pool };
}

/** Mostly short, now and then one that is too long. */
function lengthOf(drawn: number): number {
  if (drawn < 0.8) return 0.01;
  if (drawn < 0.98) return 1 + 200 * (drawn - 0.8);
  return drawn < 0.999 ? 3_000 : 60_000;
}

async function live({ time, draw, pool }: ReturnType<typeof simulated>, hours: number): Promise<Seen> {
  const seen: Seen = { submitted: 0, done: 0, refused: new Map(), stale: [], completedGeneration: 1 };
  const submit = (): void => {
    const id = seen.submitted++;
    const atLeast = seen.completedGeneration;
    const task: SimulatedTask = { id, ms: lengthOf(draw()) };
    pool.run(task).then(
      (result) => {
        seen.done += 1;
        if (Reflect.get(Object(result), "generation") < atLeast) seen.stale.push(id);
      },
      (error: unknown) => {
        const code = error instanceof PoolError ? error.code : String(error);
        seen.refused.set(code, (seen.refused.get(code) ?? 0) + 1);
      },
    );
  };
  const every = (ms: number, act: () => void): void => {
    const again = (): void => {
      if (time.now() > hours * HOUR_MS) return;
      act();
      time.after(ms * (0.5 + draw()), again);
    };
    time.after(ms, again);
  };
  every(10_000, () => {
    for (let count = Math.floor(draw() ** 3 * 40); count >= 0; count -= 1) submit();
  });
  every(20 * 60_000, () => {
    void pool.restart().then(({ result, to }) => {
      if (result === "completed") seen.completedGeneration = Math.max(seen.completedGeneration, to);
    });
  });
  every(45 * 60_000, () => {
    const minWorkers = 1 + Math.floor(draw() * 3);
    pool.resize({ minWorkers, maxWorkers: minWorkers + Math.floor(draw() * 4) }).catch(() => {});
  });
  await time.run(hours * HOUR_MS + 1);
  const closing = pool.close({ timeoutMs: 120_000 });
  await time.run((hours + 1) * HOUR_MS);
  await closing;
  return seen;
}

/** A day takes a few seconds; a busy machine takes its time. */
const PATIENCE_MS = 120_000;

describe("a pool in virtual time", { timeout: PATIENCE_MS }, () => {
  it.each([1, 2])(
    "24 hours, seed %i: every task settles, none runs twice, none runs old code",
    async (seed) => {
      const world = simulated(seed, 0);
      const seen = await live(world, 24);
      const refused = [...seen.refused.values()].reduce((sum, count) => sum + count, 0);
      expect(seen.submitted).toBeGreaterThan(40_000);
      expect(seen.done + refused).toBe(seen.submitted);
      expect([...world.fleet.runs.values()].filter((runs) => runs > 1)).toEqual([]);
      expect(seen.stale).toEqual([]);
      const known = ["BROOD_WORKER_EXITED", "BROOD_TASK_TIMEOUT", "BROOD_QUEUE_FULL"];
      expect([...seen.refused.keys()].filter((code) => !known.includes(code))).toEqual([]);
      expect(seen.refused.get("BROOD_WORKER_EXITED")).toBeGreaterThan(10);
      expect(world.pool.stats()).toMatchObject({
        state: "stopped",
        workers: [],
        tasks: { queued: 0, sent: 0, lateAnswers: 0 },
      });
    },
  );

  it("with retries a death is no loss, and no task runs more often than allowed", async () => {
    const world = simulated(3, 2);
    const seen = await live(world, 4);
    expect(Math.max(...world.fleet.runs.values())).toBeLessThanOrEqual(3);
    expect(seen.refused.get("BROOD_WORKER_EXITED") ?? 0).toBe(0);
  });
});
