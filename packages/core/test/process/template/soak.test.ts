// A template over many forks and a service over many rolls: nothing may pile up. Counted by the kernel, under load.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { pidsOf, service, within } from "../support.ts";
import { fixture } from "./support.ts";

/** `pnpm test:nodes` takes 1,000 forks and 200 rolls. */
const FORKS = Number(process.env["BROOD_SOAK_FORKS"] ?? 120);
const ROLLS = Number(process.env["BROOD_SOAK_ROLLS"] ?? 10);
/** Each fork and each roll has its own deadline; these are for a slow machine that does other things too. */
const FORKS_MS = 60_000 + FORKS * 500;
const ROLLS_MS = 60_000 + ROLLS * 4_000;
const FEW = 2;
const MANY = 24;

interface Count {
  readonly descriptors: number;
  readonly mappings: number;
  readonly zombies: number;
}

function count(pid: number): Count {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
  const isZombie = (child: string): boolean => {
    try {
      return readFileSync(`/proc/${child}/stat`, "utf8").includes(") Z ");
    } catch {
      return false;
    }
  };
  return {
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    mappings: readFileSync(`/proc/${pid}/maps`, "utf8").split("\n").length,
    zombies: children.filter(isZombie).length,
  };
}

describe("over a long time", () => {
  it(`62: ${FORKS} forks from one template under load leave its descriptors and mappings as they were, and no zombie`, {
    timeout: FORKS_MS,
  }, async () => {
    const made = service({
      entry: fixture("short-lived.mjs"),
      spawn: "template",
      workers: FEW,
      bootConcurrency: 8,
    });
    await within("start", made.start());
    const template = made.stats().template?.pid ?? -1;
    const before = { template: count(template), supervisor: count(process.pid) };
    while (made.stats().counters.spawned < FORKS) {
      await within("more workers", made.scale(MANY));
      await within("fewer workers", made.scale(FEW));
    }
    await within("no zombie", noZombies(template));
    const after = { template: count(template), supervisor: count(process.pid) };
    expect(made.stats().template?.pid).toBe(template);
    expect(made.stats().counters).toMatchObject({ crashed: 0, killed: 0, mismatched: 0, fallbacks: 0 });
    expect(after.template.descriptors).toBe(before.template.descriptors);
    expect(after.template.mappings).toBeLessThanOrEqual(before.template.mappings + 20);
    expect(after.supervisor.descriptors).toBe(before.supervisor.descriptors);
  });

  it(`${ROLLS} rolls in a row leave nothing behind`, { timeout: ROLLS_MS }, async () => {
    const made = service({
      entry: fixture("short-lived.mjs"),
      spawn: "template",
      workers: 2,
      minHealthyMs: 0,
      maxSurge: 2,
    });
    await within("start", made.start());
    const before = count(process.pid);
    for (let roll = 0; roll < ROLLS; roll += 1) {
      const { result, to } = await within(`roll ${roll}`, made.restart());
      expect([result, to]).toEqual(["completed", roll + 2]);
    }
    expect(made.stats().workers.map(({ generation }) => generation)).toEqual([ROLLS + 1, ROLLS + 1]);
    await within("no zombie", noZombies(process.pid));
    // The last old template's link and output are closed a moment after the roll has ended.
    await within(`${before.descriptors} descriptors again`, descriptorsAre(before.descriptors));
    expect(pidsOf(made).length).toBe(2);
  });
});

/** An end is told by the kernel before its parent has reaped; one that nobody reaps stays. */
async function noZombies(parent: number): Promise<void> {
  while (count(parent).zombies > 0) await new Promise((resolve) => setImmediate(resolve));
}

async function descriptorsAre(wanted: number): Promise<void> {
  while (count(process.pid).descriptors !== wanted) await new Promise((resolve) => setImmediate(resolve));
}
