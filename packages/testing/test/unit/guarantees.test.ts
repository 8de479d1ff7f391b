import { describe, expect, it } from "vitest";
import { guaranteesPage, missing, namedTests, namesIn, unknownIds } from "../support/guarantees.ts";

describe("docs/guarantees.md", () => {
  const tests = namedTests();

  it("says what the tests say", async () => {
    await expect(guaranteesPage(tests)).toMatchFileSnapshot("../../../../docs/guarantees.md");
  });

  it("knows every scenario that a test names", () => {
    expect(unknownIds(tests)).toEqual([]);
  });

  it("misses nothing but what is known to be missing", () => {
    expect(missing(tests)).toMatchInlineSnapshot(`[]`);
  });

  it("reads names, and only those at the beginning of a test's name", () => {
    const source = 'it("A1, C27: both", () => {}); it(`58: %s`, () => {}); it("a thing: A1: no", () => {});';
    expect(namesIn(source)).toEqual([
      { ids: ["A1", "C27"], name: "both" },
      { ids: ["58"], name: "%s" },
    ]);
  });
});
