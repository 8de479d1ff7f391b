// Twelve light rows, each in one mode by turns; with BROOD_TEST_ROWS=all (`pnpm test:nodes`) in every mode. `pnpm compat` runs all
// rows. These share a folder, so that npm runs once.
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { installTogether } from "../harness/install.mjs";
import { allRows, MODES } from "../harness/rows.mjs";
import { runUnderBrood } from "../harness/under-brood.mjs";

const rows = (await allRows()).filter(({ ci }) => ci);
const takesAll = process.env["BROOD_TEST_ROWS"] === "all";

/** Half of them from a template, where most can go wrong. */
const BY_TURNS = ["template", "fresh", "template", "thread"];
const modesOf = (index) => (takesAll ? MODES : [BY_TURNS[index % BY_TURNS.length]]);

describe("a real package, unchanged", () => {
  let folder;
  let shown = "";
  beforeAll(() => {
    if (!takesAll) console.log("left to BROOD_TEST_ROWS=all: two of three modes of each row");
    folder = installTogether("in-ci", rows);
  }, 120_000);
  afterEach(({ task }) => {
    if (task.result?.state === "fail") console.error(shown);
  });

  for (const [index, row] of rows.entries())
    it.each(modesOf(index))(`${row.name}: %s`, async (mode) => {
      const { wrong, output } = await runUnderBrood(row, mode, folder, {});
      shown = output;
      expect(wrong).toEqual([]);
    });
});
