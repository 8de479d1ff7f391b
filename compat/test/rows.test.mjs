// Twelve light rows under each mode; `pnpm compat` runs all of them. They share a folder, so that npm runs once.
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { installTogether } from "../harness/install.mjs";
import { allRows, MODES } from "../harness/rows.mjs";
import { runUnderBrood } from "../harness/under-brood.mjs";

const rows = (await allRows()).filter(({ ci }) => ci);

describe("a real package, unchanged", () => {
  let folder;
  let shown = "";
  beforeAll(() => {
    folder = installTogether("in-ci", rows);
  }, 120_000);
  afterEach(({ task }) => {
    if (task.result?.state === "fail") console.error(shown);
  });

  for (const row of rows)
    it.each(MODES)(`${row.name}: %s`, async (mode) => {
      const { wrong, output } = await runUnderBrood(row, mode, folder, {});
      shown = output;
      expect(wrong).toEqual([]);
    });
});
