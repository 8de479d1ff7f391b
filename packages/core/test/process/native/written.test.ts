// What a fork is known to write to is copied when it is born, and what it reads of files is mapped (native/src/written.c).
import { spawnSync } from "node:child_process";
import { release } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { binding, skipReason } from "./support.ts";

const [major = 0, minor = 0] = release().split(".").map(Number);
/** MADV_POPULATE_WRITE. */
const isOld = major < 5 || (major === 5 && minor < 14);
const reason = skipReason ?? (isOld ? `Linux ${release()} copies no pages ahead` : null);
if (reason !== null) console.log(`skipped: ${reason}`);

interface Child {
  readonly faults: number;
  readonly noted: readonly boolean[];
  readonly value: number;
}

function threeChildren(args: readonly string[]): readonly [Child, Child, Child] {
  const fixture = join(import.meta.dirname, "fixtures/written.mjs");
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ["--single-threaded", "--v8-pool-size=0", fixture, ...args],
    { encoding: "utf8", timeout: 30_000 },
  );
  expect(stderr).toBe("");
  const lines = stdout.trim().split("\n");
  expect(lines).toHaveLength(3);
  return lines.map((line) => JSON.parse(line)) as unknown as readonly [Child, Child, Child];
}

describe.skipIf(reason !== null)("noteWritten", () => {
  it.each([
    ["", []],
    [", where the one that noted them had a mapping beside them", ["hole"]],
  ] as const)("spares a younger sibling the page faults, and gives it its parent's values%s", (_, args) => {
    const [first, second, third] = threeChildren(args);
    expect(first.faults).toBeGreaterThan(1_000);
    expect(second).toMatchObject({ noted: [true, false], value: 2 });
    expect(third).toMatchObject({ value: 2 });
    expect(third.faults).toBeLessThan(first.faults / 10);
  });

  it("spares it those for what a fork does not map: code, which is read from a file", () => {
    const [first, second, third] = threeChildren(["read"]);
    expect(first.faults).toBeGreaterThan(150);
    expect(second.noted).toEqual([true, false]);
    expect(third.faults).toBeLessThan(first.faults / 3);
  });

  it("refuses memory that is too small, and a stage that there is not", () => {
    expect(() => binding().forkSibling(new ArrayBuffer(4_096))).toThrowError(
      expect.objectContaining({ code: "EINVAL" }),
    );
    expect(() => binding().noteWritten(new ArrayBuffer(4_096), 0)).toThrowError(
      expect.objectContaining({ code: "EINVAL" }),
    );
    expect(() => binding().noteWritten(new ArrayBuffer(65_536), 2)).toThrowError(
      expect.objectContaining({ code: "EINVAL" }),
    );
    expect(() => binding().forkSibling({} as ArrayBuffer)).toThrowError("Invalid argument");
  });
});
