// Does the simulation find what it is for? Each defect that some server of this kind once had (and some that this engine
// had) is put back in, one at a time, and must be found within a bounded number of runs. The machine as it is passes.

import type { MachineConfig } from "@brood/core/engine";
import { afterEach, describe, expect, it, vi } from "vitest";
import { install, PATCHED, uninstall } from "./mutants/patched.ts";
import { TEMPLATE_PATCHED, TEMPLATE_WRAPPED } from "./mutants/templates.ts";
import { type CreateMachine, WRAPPED, wrapped } from "./mutants/wrapped.ts";

const RUNS_MAX = 400;

/** A defect is looked for where it can show: half of all runs would have no template, or nothing but. */
const WITHOUT_TEMPLATES = { template: null } as const;
const WITH_TEMPLATES = { template: { fallback: "fresh", failuresMax: 2 } } as const;

afterEach(() => {
  for (const mutant of [...PATCHED, ...TEMPLATE_PATCHED]) uninstall(mutant);
  vi.resetModules();
});

/** How many runs it took, and what was broken; null when nothing was found. */
async function hunt(
  change: (create: CreateMachine) => CreateMachine,
  config: Partial<MachineConfig>,
): Promise<string | null> {
  const { createMachine } = await import("@brood/core/engine");
  const { simulate } = await import("../../src/simulation/simulate.ts");
  for (let seed = 1; seed <= RUNS_MAX; seed += 1) {
    const options = { seed, steps: 300, config, shrink: false };
    const run = await simulate({ ...options, createMachine: change(createMachine) });
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

describe.each([
  { where: "without templates", config: WITHOUT_TEMPLATES, wrappedOnes: WRAPPED, patchedOnes: PATCHED },
  {
    where: "with templates",
    config: WITH_TEMPLATES,
    wrappedOnes: TEMPLATE_WRAPPED,
    patchedOnes: TEMPLATE_PATCHED,
  },
])("the simulation finds, $where:", ({ config, wrappedOnes, patchedOnes }) => {
  for (const mutant of wrappedOnes) {
    it(mutant.name, async () => {
      expectFound(mutant.name, await hunt((create) => wrapped(create, mutant), config));
    }, 60_000);
  }

  for (const mutant of patchedOnes) {
    it(mutant.name, async () => {
      install(mutant);
      expectFound(mutant.name, await hunt((create) => create, config));
    }, 60_000);
  }
});
