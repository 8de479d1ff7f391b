import { describe, expect, it } from "vitest";
import { formatLine } from "../../src/cli/server-log.ts";

describe("server log", () => {
  it("puts slot, worker, gen and pid first, whatever order they came in", () => {
    expect(formatLine("ready", { pid: 9, took: 81, gen: 2, worker: "w5", slot: 0 })).toBe(
      "slot=0 worker=w5 gen=2 pid=9 ready took=81",
    );
  });

  it("leaves out what is unknown and quotes what has spaces", () => {
    expect(formatLine("exited", { pid: null, signal: undefined, reason: 'no "x"', line: "" })).toBe(
      'exited reason="no \\"x\\"" line=""',
    );
  });
});
