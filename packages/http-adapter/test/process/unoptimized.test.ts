// What V8 itself says of a function that is called often: while it is held back, and afterwards.
import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";

const MODULE = new URL("../../dist/worker/unoptimized.js", import.meta.url).href;

/** Prints a line between the calls of each kind, among those of --trace-opt. */
const PROGRAM = `
  import { writeSync } from "node:fs";
  import { unoptimized } from ${JSON.stringify(MODULE)};
  const calledOften = (n) => n % 7 + 1;
  let sum = 0;
  const call = () => { for (let n = 0; n < 100_000; n += 1) sum += calledOften(n); };
  const failure = new Error("of the work");
  const thrown = await unoptimized(async () => { call(); throw failure; }).catch((error) => error);
  writeSync(1, "== it ended with " + (thrown === failure ? "its own error" : String(thrown)) + "\\n");
  call();
`;

const hasMaglev = Number.parseInt(process.versions.v8, 10) >= 13;

describe("warm-up requests of a template", () => {
  it("are run without optimizing where V8 has Maglev, and what they called is optimized afterwards", () => {
    const args = ["--trace-opt", "--single-threaded", "--input-type=module", "-e", PROGRAM];
    const [meanwhile = "", afterwards = ""] = execFileSync(process.execPath, args, {
      encoding: "utf8",
    }).split("== it ended with its own error");
    const isOptimized = (output: string): boolean =>
      /completed (compiling|optimizing).* call(edOften)? /.test(output);
    expect(isOptimized(meanwhile)).toBe(!hasMaglev);
    if (hasMaglev) expect(isOptimized(afterwards)).toBe(true);
  });
});
