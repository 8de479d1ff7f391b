// occupyAddresses: where the heap of a template and its workers lies (native/src/address_space.c).
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { skipReason } from "./support.ts";

const reason = skipReason ?? (process.arch === "x64" ? null : `not on ${process.arch}`);
if (reason !== null) console.log(`skipped: mappings side by side (${reason})`);

/** Where V8 asks for memory, but for what must be near the program. */
const FIRST = 2 ** 40;
const LAST = 2 ** 46;
const TERABYTE_KIB = 2 ** 30;

interface Grown {
  readonly kept: number;
  /** Where each mapping starts that came with the heap's growth. */
  readonly added: readonly number[];
  /** KiB. */
  readonly resident: number;
  readonly size: number;
}

/** @param limitKib of the address space (ulimit -v) */
function grow(argument: string, limitKib: number | "unlimited" = "unlimited"): Grown {
  const fixture = join(import.meta.dirname, "fixtures/mappings.mjs");
  const command = `ulimit -v ${limitKib} && exec "$0" "$@"`;
  const { stdout, stderr } = spawnSync("sh", ["-c", command, process.execPath, fixture, argument], {
    encoding: "utf8",
    timeout: 30_000,
  });
  expect(stderr).toBe("");
  return JSON.parse(stdout) as Grown;
}

function atRandom({ added }: Grown): number {
  return added.filter((start) => start >= FIRST && start < LAST).length;
}

describe.skipIf(reason !== null)("occupyAddresses", () => {
  it("has the heap grow beside what is there, instead of anywhere", () => {
    const [usual, occupied] = [grow(""), grow("occupied")];
    expect(atRandom(usual)).toBeGreaterThan(50);
    expect(atRandom(occupied)).toBe(0);
    expect(occupied.added.length).toBeLessThan(usual.added.length / 2);
  });

  it("takes addresses and no memory", () => {
    const [usual, occupied] = [grow(""), grow("occupied")];
    expect(occupied.size).toBeGreaterThan(60 * TERABYTE_KIB);
    expect(occupied.resident).toBeLessThan(usual.resident * 1.1);
  });

  it("changes nothing where the address space is limited", () => {
    const limited = grow("occupied", TERABYTE_KIB / 2);
    expect(limited.kept).toBe(250_000);
    expect(limited.size).toBeLessThan(TERABYTE_KIB / 100);
  });
});
