// The machine and the supervisor under random schedules. Here as many runs as fit into a few seconds; many more by hand:
// `pnpm simulate --runs 100000`. SIMULATION_SEED sets the first seed, SIMULATION_SECONDS how long; CI takes 40 s and a seed
// from the commit, so that each commit is looked at from another side and fails, if it does, the same way again.

import { createMachine } from "@brood/core/engine";
import { describe, expect, it } from "vitest";
import { faults } from "../../src/simulation/faults.ts";
import { simulate } from "../../src/simulation/simulate.ts";
import { WRAPPED, wrapped } from "./mutants/wrapped.ts";

const SEED = Number(process.env["SIMULATION_SEED"] ?? 1);
const SECONDS = Number(process.env["SIMULATION_SECONDS"] ?? 10);

describe("simulate", () => {
  it(`keeps every invariant in as many random runs as fit into ${SECONDS} s, from seed ${SEED}`, async () => {
    const untilMs = performance.now() + SECONDS * 1_000;
    let seed = SEED;
    for (; performance.now() < untilMs; seed += 1) {
      const { violations } = await simulate({ seed });
      expect(violations).toEqual([]);
    }
    console.log(`${seed - SEED} random runs`);
    expect(seed).toBeGreaterThan(SEED);
  }, 120_000);

  it("gives the same run for the same seed", async () => {
    const [first, second] = [await simulate({ seed: 7 }), await simulate({ seed: 7 })];
    expect(second.trace).toEqual(first.trace);
    expect((await simulate({ seed: 8 })).trace).not.toEqual(first.trace);
  }, 60_000);

  it("without faults every start and every restart that is not superseded succeeds", async () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const run = await simulate({ seed, faults: faults.none() });
      expect(run.violations).toEqual([]);
      const failed = run.trace.filter((line) => /SettleRoll roll-\d+ failed|SettleStart reason/.test(line));
      expect(failed.filter((line) => !/BROOD_ROLL_STOPPED|BROOD_GENERATION_UNKNOWN/.test(line))).toEqual([]);
    }
  }, 60_000);

  it("shows a violation with its smallest schedule, its trace and the command that replays it", async () => {
    const mutant = WRAPPED.find(({ name }) => name.startsWith("coalesced restarts"));
    if (mutant === undefined) throw new Error("no such mutant");
    const run = await simulate({ seed: 23, slots: 2, createMachine: wrapped(createMachine, mutant) });
    const [violation] = run.violations;
    expect(violation?.invariant).toBe("promises-settle");
    expect(violation?.schedule[0]).toContain("first release");
    expect(violation?.schedule.length).toBeLessThanOrEqual(4);
    expect(violation?.trace.at(-1)).toContain("t=");
    expect(violation?.replay).toBe("pnpm simulate --seed 23 --slots 2 --steps 500");
  }, 60_000);
});
