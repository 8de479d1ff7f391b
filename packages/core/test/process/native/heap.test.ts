// collectAll: what a template gives back before it forks.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { skipReason } from "./support.ts";

/** musl has no call that gives back what lies between allocations. */
const isGlibc =
  (process.report.getReport() as { header: { glibcVersionRuntime?: string } }).header.glibcVersionRuntime !==
  undefined;
if (!isGlibc) console.log("skipped: freed allocations go back to the system (not with this C library)");

it.skipIf(skipReason !== null || !isGlibc)("freed allocations go back to the system", () => {
  const fixture = join(import.meta.dirname, "fixtures/holes.mjs");
  const { stdout, stderr } = spawnSync(process.execPath, [fixture], { encoding: "utf8" });
  expect(stderr).toBe("");
  const { before, isCollected, after, kept } = JSON.parse(stdout) as Record<string, number>;
  expect({ isCollected, kept }).toEqual({ isCollected: true, kept: 20 });
  expect(before).toBeGreaterThan(50);
  // 1.25 MiB are held; the rest of it is Node's own.
  expect(after).toBeLessThan(15);
});
