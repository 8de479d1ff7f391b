// What users write, under the runners that they use: the example under node:test, and the same deploy under a real jest.
// Under vitest it is matchers.test.ts.

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";

const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

interface Run {
  readonly exitCode: number | null;
  readonly output: string;
}

/** The test's own timeout is its deadline. */
function run(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Run> {
  // What vitest sets for its own workers is not what a user has.
  const { NODE_OPTIONS: _options, NODE_ENV: _env, VITEST: _vitest, ...rest } = process.env;
  const child: ChildProcess = spawn(process.execPath, args, {
    cwd,
    env: { ...rest, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  return new Promise((resolve) => child.once("close", (exitCode) => resolve({ exitCode, output })));
}

describe("a deploy under test", () => {
  it("is in the docs as it is in the example, in about 20 lines", () => {
    const example = readFileSync(pathOf("../../../../examples/testing/deploy.test.js"), "utf8");
    expect(readFileSync(pathOf("../../../../docs/testing.md"), "utf8")).toContain(example.trim());
    expect(example.split("\n").filter((line) => line.trim() !== "").length).toBeLessThanOrEqual(21);
  });

  it("passes under node:test, as examples/testing shows it", async () => {
    const { exitCode, output } = await run(pathOf("../../../../examples/testing"), [
      "--test",
      "--test-reporter=tap",
    ]);
    expect(exitCode, output).toBe(0);
    expect(output).toMatch(/^# pass 1$/m);
  });

  it("passes under jest, with the matchers, and jest can end", async () => {
    const jest = createRequire(import.meta.url).resolve("jest/bin/jest");
    const folder = pathOf("../fixtures/jest");
    const { exitCode, output } = await run(folder, [jest, "--runInBand", "--colors=false"], {
      NODE_OPTIONS: "--experimental-vm-modules",
    });
    expect(exitCode, output).toBe(0);
    expect(output).toMatch(/Tests: +1 passed, 1 total/);
    expect(output).not.toContain("did not exit");
  });
});
