// nativeSupport: a reason instead of an exception where the addon cannot work; and the addon inside worker_threads.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { skipReason } from "./support.ts";

const CORE = join(import.meta.dirname, "../../..");

describe("nativeSupport", () => {
  it("says what to install where the addon was not built", () => {
    const folder = mkdtempSync(join(tmpdir(), "brood-native-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    cpSync(join(CORE, "dist"), join(folder, "dist"), { recursive: true });
    cpSync(join(CORE, "package.json"), join(folder, "package.json"));
    symlinkSync(join(CORE, "node_modules"), join(folder, "node_modules"));
    expect(supportIn(folder)).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/^the native addon is not there \(.+\)\. Install a C compiler/),
    });
  });

  it("says that another system than Linux cannot fork", () => {
    const asDarwin = `Object.defineProperty(process, "platform", { value: "darwin" });`;
    expect(supportIn(CORE, asDarwin)).toEqual({
      ok: false,
      reason: "fork(2) and pidfds need Linux, this is darwin.",
    });
  });

  it.skipIf(skipReason !== null)(
    "works in threads that end with everything open, and in their host after that",
    () => {
      const { stdout, stderr, status } = spawnSync(
        process.execPath,
        ["--expose-gc", join(import.meta.dirname, "fixtures/threads.mjs")],
        { encoding: "utf8" },
      );
      expect({ stdout, stderr, status }).toEqual({
        stdout: "leaked by 10 threads: 0\n",
        stderr: "",
        status: 0,
      });
    },
  );
});

function supportIn(folder: string, before = ""): unknown {
  const url = pathToFileURL(join(folder, "dist/native/index.js")).href;
  const script = `${before} const { nativeSupport } = await import("${url}"); console.log(JSON.stringify(nativeSupport()));`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
  });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout);
}
