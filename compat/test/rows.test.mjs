// Twelve light rows; `pnpm compat` runs all of them. They share a folder, so that npm runs once. Each runs from a template, and by
// turns in fresh processes or threads; with BROOD_TEST_ROWS=all (`pnpm test:nodes`) in every mode.
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { installTogether } from "../harness/install.mjs";
import { allRows, MODES } from "../harness/rows.mjs";
import { runUnderBrood } from "../harness/under-brood.mjs";

const rows = (await allRows()).filter(({ ci }) => ci);
const takesAll = process.env["BROOD_TEST_ROWS"] === "all";

const modesOf = (index) => (takesAll ? MODES : ["template", index % 2 === 0 ? "fresh" : "thread"]);

describe("a real package, unchanged", () => {
  let folder;
  let shown = "";
  beforeAll(() => {
    if (!takesAll) console.log("left to BROOD_TEST_ROWS=all: for each row either fresh or thread");
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
