// nativeSupport: a reason instead of an exception where the addon cannot work; and the addon inside worker_threads.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { skipReason } from "./support.ts";

const CORE = join(import.meta.dirname, "../../..");

describe("nativeSupport", () => {
  it.each([
    [
      "no binary for its place",
      { "native/src/x": "" },
      /its binary is not in .+; build it .*npx brood build-addon/,
    ],
    ["bundled into another file", {}, /bundled into another file\. Mark @brood\/core .* as external/],
    [
      "a binary that the linker refuses",
      { [`native/prebuilds/linux-${process.arch}-glibc.node`]: "no ELF" },
      /file too short|invalid ELF header.*Instead, build it/,
    ],
  ])("says why there is no addon: %s", (_, files, reason) => {
    const folder = copyOfCore(files);
    expect(supportIn(folder)).toEqual({ ok: false, reason: expect.stringMatching(reason) });
  });

  it.each([
    ["--no-addons", [], ["--no-addons"], /started with --no-addons/],
    [
      "Bun",
      "Object.defineProperty(process, 'versions', { value: { bun: '1.4.5' } });",
      [],
      /Bun runs this program/,
    ],
    [
      "another CPU",
      "Object.defineProperty(process, 'arch', { value: 'riscv64' });",
      [],
      /for the CPU riscv64; build it/,
    ],
  ])("says why there is no addon: %s", (name, before, flags, reason) => {
    const files = name === "another CPU" ? { "native/src/x": "" } : { "native/build/brood.node": "" };
    expect(supportIn(copyOfCore(files), String(before), flags)).toEqual({
      ok: false,
      reason: expect.stringMatching(reason),
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

/** The package as installed, with these files instead of its folder `native`. */
function copyOfCore(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "brood-native-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(CORE, "dist"), join(folder, "dist"), { recursive: true });
  cpSync(join(CORE, "package.json"), join(folder, "package.json"));
  symlinkSync(join(CORE, "node_modules"), join(folder, "node_modules"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

function supportIn(folder: string, before = "", flags: readonly string[] = []): unknown {
  const url = pathToFileURL(join(folder, "dist/native/index.js")).href;
  const script = `${before} const { nativeSupport } = await import("${url}"); console.log(JSON.stringify(nativeSupport()));`;
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, "--input-type=module", "-e", script], {
    encoding: "utf8",
  });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout);
}
