// What a start or restart that fails prints: the application's own words once, then one line with code, slot and exit code.

import { promises as fs } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { brood, startBrood, testFolder } from "../support/brood-server.ts";
import { rowsOf } from "../support/spawn.ts";

const BROKEN = 'import "node:http";\nthrow new Error("database unreachable");\n';

/** Not the line of the code that throws it, which Node prints above. */
const REASON = /^ *Error: database unreachable/gm;

const KINDS = rowsOf(
  ["--spawn fresh", "--spawn template", "--runtime thread"],
  (kind) => kind !== "--spawn fresh",
  "a failed start's words with fresh processes",
);

/** One worker, lest another one fails at the same time and says so itself. */
const ONE = ["-w", "1", "-l", "127.0.0.1:0", "--no-control"];

function count(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].length;
}

describe("a start that fails", () => {
  it.each(KINDS)("%s: says its reason once, and then what to do", async (kind) => {
    const folder = await testFolder({ "broken.mjs": BROKEN, "package.json": "{}" });
    const { exitCode, stderr } = await brood(["broken.mjs", ...ONE, ...kind.split(" ")], folder);
    expect(exitCode).toBe(1);
    expect(count(stderr, REASON)).toBe(1);
    expect(count(stderr, /Error: database unreachable\n +at .*broken\.mjs:2:7/g)).toBe(1);
    expect(stderr).toMatch(
      /\nbrood: BROOD_BOOT_FAILED, exit code 1: .*failed to (boot|load the release)\. Read .+\n$/,
    );
    expect(stderr).toMatch(/ warn .*:exited .*exitCode=1 reason=BROOD_BOOT_FAILED /);
  });

  it("a syntax error is one as well", async () => {
    const folder = await testFolder({ "broken.mjs": "const a = ;\n", "package.json": "{}" });
    const { exitCode, stderr } = await brood(["broken.mjs", ...ONE], folder);
    expect([exitCode, count(stderr, /Unexpected token ';'/g)]).toEqual([1, 1]);
  });

  it("one that never gets ready is told in the log and in the last line, each with its advice at most once", async () => {
    const folder = await testFolder({
      "never.mjs": "await new Promise(() => setInterval(() => {}, 1e6));\n",
      "package.json": "{}",
    });
    const { exitCode, stderr } = await brood(["never.mjs", ...ONE, "--boot-timeout", "500"], folder);
    const last = stderr.trimEnd().split("\n").at(-1) ?? "";
    expect(exitCode).toBe(1);
    expect(last).toMatch(
      /^brood: BROOD_BOOT_TIMEOUT, signal SIGKILL: worker=w1 slot=0 gen=1 did not report ready within 500 ms\./,
    );
    expect(count(last, /Raise bootTimeoutMs/g)).toBe(1);
  });

  it("its last lines of stderr are shown where stderr goes to a file, once each", async () => {
    const folder = await testFolder({ "broken.mjs": BROKEN, "package.json": "{}" });
    const { exitCode, stderr } = await brood(["broken.mjs", ...ONE, "--stderr", "err.log"], folder);
    expect([exitCode, count(stderr, REASON)]).toEqual([1, 1]);
    expect(stderr).toContain("\n  Error: database unreachable\n");
    const log = await fs.readFile(join(folder, "err.log"), "utf8");
    expect(count(log, REASON)).toBe(1);
  });
});

describe("a restart that fails", () => {
  it("says its reason once to the one who asked, and once in the server's log", async () => {
    const folder = await testFolder({
      "app.mjs": "export default (request, response) => response.end();\n",
      "package.json": "{}",
    });
    const server = await startBrood(folder, "-w", "1", "-l", "127.0.0.1:0", "--min-healthy", "50");
    await fs.writeFile(join(folder, "app.mjs"), BROKEN);
    const { exitCode, stderr } = await server.command("restart");
    expect([exitCode, count(stderr, REASON)]).toEqual([1, 1]);
    expect(stderr).toMatch(
      /brood: restart failed, BROOD_BOOT_FAILED, exit code 1: .*failed to boot\. .+\nlast lines of stderr:\n {2}file:.*app\.mjs:2\n/,
    );
    expect(count(server.log(), REASON)).toBe(1);
  });
});
