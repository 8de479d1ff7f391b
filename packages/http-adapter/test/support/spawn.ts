// How workers come to be in this run. The `template` project of vitest.config.ts runs the same files again with
// BROOD_TEST_SPAWN=template; what cannot be so there is left out, and says why.

export type Spawn = "fresh" | "template";
export type Runtime = "process" | "thread";

export const SPAWN: Spawn = process.env["BROOD_TEST_SPAWN"] === "template" ? "template" : "fresh";

/** Rows of a test that is made for both ways to spawn. */
export function spawns(): readonly Spawn[] {
  return rowsOf(["fresh", "template"], (spawn) => spawn === "fresh", "the same with spawn template");
}

/** Rows of a test that is made for both runtimes. */
export function runtimes(): readonly Runtime[] {
  return whereFresh(["process", "thread"], ["process"], "runtime thread: threads are not forked");
}

/** CI takes the rows that `isShort` keeps; `pnpm test:nodes` and BROOD_TEST_ROWS=all take every one. */
export function rowsOf<Row>(
  rows: readonly Row[],
  isShort: (row: Row) => boolean,
  left: string,
): readonly Row[] {
  if (process.env["BROOD_TEST_ROWS"] === "all") return rows;
  console.log(`left to pnpm test:nodes (BROOD_TEST_ROWS=all): ${left}`);
  return rows.filter(isShort);
}

/** `rows` where workers are fresh, else those that are left, and a line about it. */
export function whereFresh<Row>(rows: readonly Row[], left: readonly Row[], reason: string): readonly Row[] {
  if (SPAWN === "fresh") return rows;
  console.log(`left out with spawn template: ${reason}`);
  return left;
}
