// docs/compatibility.md says what the rows say.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { pageOf } from "../harness/page.mjs";
import { allRows, COMPAT, MODES } from "../harness/rows.mjs";
import { judge } from "../harness/verdict.mjs";

const rows = await allRows();

describe("compat", () => {
  it("docs/compatibility.md is made of the rows: pnpm compat --write", () => {
    expect(readFileSync(join(COMPAT, "../docs/compatibility.md"), "utf8")).toBe(pageOf(rows));
  });

  it("twelve rows run in CI, each unchanged in every mode", () => {
    const inCi = rows.filter(({ ci }) => ci);
    expect(inCi).toHaveLength(12);
    for (const row of inCi) for (const mode of MODES) expect(row[mode], `${row.name} ${mode}`).toBe("runs");
  });
});

describe("the verdict on a row", () => {
  const ran = { wrong: [], output: "" };
  const refused = { wrong: ["refused: ended with 1"], output: "holds a TCP socket" };
  const lost = { wrong: ["lost 3 of 9"], output: "" };

  it("takes no difference that is not listed", () => {
    expect(judge("runs", ran)).toBeUndefined();
    expect(judge("runs", lost)).toContain("lost 3 of 9");
    expect(judge("runs", refused)).toContain("refused");
  });

  it("takes a refusal only with the words that are listed", () => {
    expect(judge({ refused: "a TCP socket" }, refused)).toBeUndefined();
    expect(judge({ refused: "a thread" }, refused)).toContain("without the words");
    expect(judge({ refused: "a TCP socket" }, lost)).toContain("but it started");
  });

  it("tells what a row did that nobody had run", () => {
    expect(judge("not yet run", ran)).toContain("it runs");
    expect(judge("not yet run", lost)).toContain("lost 3 of 9");
  });

  it("wants the table changed when a listed row runs", () => {
    expect(judge({ refused: "a TCP socket" }, ran)).toContain("but it runs");
    expect(judge({ differs: "its sockets are closed" }, ran)).toContain("but it runs");
    expect(judge({ differs: "its sockets are closed" }, lost)).toBeUndefined();
  });
});
