// Does the simulation find what it is for? Each defect that some server of this kind once had (and some that this engine
// had) is put back in, one at a time, and must be found within a bounded number of runs. The machine as it is passes.

import { afterEach, describe, expect, it, vi } from "vitest";
import { install, PATCHED, uninstall } from "./mutants/patched.ts";
import { TEMPLATE_PATCHED, TEMPLATE_WRAPPED } from "./mutants/templates.ts";
import { type CreateMachine, WRAPPED, wrapped } from "./mutants/wrapped.ts";

const RUNS_MAX = 400;

afterEach(() => {
  for (const mutant of [...PATCHED, ...TEMPLATE_PATCHED]) uninstall(mutant);
  vi.resetModules();
});

/** How many runs it took, and what was broken; null when nothing was found. */
async function hunt(change: (create: CreateMachine) => CreateMachine): Promise<string | null> {
  const { createMachine } = await import("@brood/core/engine");
  const { simulate } = await import("../../src/simulation/simulate.ts");
  for (let seed = 1; seed <= RUNS_MAX; seed += 1) {
    const run = await simulate({ seed, steps: 300, shrink: false, createMachine: change(createMachine) });
    const [violation] = run.violations;
    if (violation !== undefined) return `run ${seed}: ${violation.invariant}: ${violation.message}`;
  }
  return null;
}

/** Found, and not because the defect itself was made badly and throws. */
function expectFound(name: string, found: string | null): void {
  console.log(`${name}\n  ${found}`);
  expect(found).not.toBeNull();
  expect(found).not.toMatch(/no-defect: (?!invariant broken)/);
}

describe("the simulation finds", () => {
  for (const mutant of [...WRAPPED, ...TEMPLATE_WRAPPED]) {
    it(mutant.name, async () => {
      expectFound(mutant.name, await hunt((create) => wrapped(create, mutant)));
    }, 60_000);
  }

  for (const mutant of [...PATCHED, ...TEMPLATE_PATCHED]) {
    it(mutant.name, async () => {
      install(mutant);
      expectFound(mutant.name, await hunt((create) => create));
    }, 60_000);
  }
});
