// Whether a row did what its table says.

/** Of a row that nobody has run in this mode: it fails until its table says what it did. */
export const NOT_YET_RUN = "not yet run";

/** @returns undefined when it did, else what to do about it */
export function judge(expected, { wrong, output }) {
  if (expected === "runs") return wrong.length === 0 ? undefined : wrong.join("\n");
  if (expected === NOT_YET_RUN) return `listed as not yet run. What it did: ${wrong.join("\n") || "it runs"}`;
  if (wrong.length === 0)
    return `listed as ${JSON.stringify(expected)}, but it runs. Write "runs" into its table.`;
  if (expected.differs !== undefined) return undefined;
  if (!wrong[0].startsWith("refused"))
    return `listed as refused, but it started, and then: ${wrong.join("\n")}`;
  if (output.includes(expected.refused)) return undefined;
  return `refused, but without the words ${JSON.stringify(expected.refused)}:\n${output.slice(-2_000)}`;
}

/** One word for the page. */
export function wordOf(verdict) {
  if (verdict === "runs") return "yes";
  if (verdict === NOT_YET_RUN) return "not yet run";
  return verdict.refused === undefined ? "differs" : "refused";
}
