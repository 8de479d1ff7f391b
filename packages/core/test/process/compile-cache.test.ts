import { promises as fs } from "node:fs";
import module from "node:module";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { compileCacheEnv } from "../../src/spawn/compile-cache.ts";
import { folder, service, within } from "./support.ts";

const hasCache = "enableCompileCache" in module;
const canKeep = "flushCompileCache" in module;

describe("the compile cache", () => {
  it("is a folder of this user alone, where Node has one", async () => {
    const path = await folder();
    vi.stubEnv("TMPDIR", path);
    const env = compileCacheEnv(true, {});
    vi.unstubAllEnvs();
    if (!hasCache) return expect(env).toEqual({});
    expect(env["NODE_COMPILE_CACHE"]?.startsWith(path)).toBe(true);
    expect((await fs.stat(env["NODE_COMPILE_CACHE"] ?? "")).mode & 0o777).toBe(0o700);
  });

  it("is not used when nobody wants it or somebody has decided already", () => {
    expect(compileCacheEnv(false, {})).toEqual({});
    for (const name of ["NODE_COMPILE_CACHE", "NODE_DISABLE_COMPILE_CACHE", "NODE_V8_COVERAGE"]) {
      expect(compileCacheEnv(true, { [name]: "x" })).toEqual({});
    }
  });

  it("is not used when others may write to its folder", async () => {
    const path = await folder();
    const cache = join(path, `brood-compile-cache-${process.geteuid?.()}`);
    await fs.mkdir(cache);
    await fs.chmod(cache, 0o777);
    vi.stubEnv("TMPDIR", path);
    const env = compileCacheEnv(true, {});
    vi.unstubAllEnvs();
    expect(env).toEqual({});
  });

  it("never serves old code: an edited release is compiled anew", async () => {
    const path = await folder({ "app.mjs": "export default (context) => { context.post(1); };" });
    vi.stubEnv("TMPDIR", path);
    onTestFinished(() => void vi.unstubAllEnvs());
    const env = { NODE_DISABLE_COMPILE_CACHE: undefined };
    const made = service({ entry: join(path, "app.mjs"), workers: 1, env });
    const seen: unknown[] = [];
    made.on("worker:message", ({ payload }) => seen.push(payload));
    await within("start", made.start());
    await within("restart onto the same code", made.restart());
    await fs.writeFile(join(path, "app.mjs"), "export default (context) => { context.post(2); };");
    await within("restart onto other code", made.restart());
    expect(seen).toEqual([1, 1, 2]);
    const cached = (await fs.readdir(path)).filter((name) => name.startsWith("brood-compile-cache"));
    expect(cached).toHaveLength(hasCache ? 1 : 0);
  });

  it("has for a template what the one before has compiled", async () => {
    const path = await folder({ "app.mjs": "export default (context) => { context.post(1); };" });
    const env = {
      NODE_DISABLE_COMPILE_CACHE: undefined,
      NODE_COMPILE_CACHE: join(path, "cache"),
      NODE_DEBUG_NATIVE: "COMPILE_CACHE",
    };
    const said: (string | undefined)[] = [];
    for (const time of ["first", "second"]) {
      const output = new PassThrough();
      const options = { workers: 1, spawn: "template", env, stdout: output, stderr: output } as const;
      const made = service({ entry: join(path, "app.mjs"), ...options });
      const verdict = wordOf(output, /cache for (?:ESM )?file:\S+app\.mjs was (accepted|not initialized)/);
      await within(`the ${time} start`, made.start());
      said.push(canKeep ? await within(`what Node says of the ${time}`, verdict) : "no cache");
      await within(`the ${time} stop`, made.stop());
    }
    expect(said).toEqual(canKeep ? ["not initialized", "accepted"] : ["no cache", "no cache"]);
  });
});

/** The first word that the pattern captures in what is printed. */
function wordOf(output: PassThrough, pattern: RegExp): Promise<string | undefined> {
  let text = "";
  return new Promise((resolve) => {
    output.on("data", (chunk: Buffer) => {
      text += chunk;
      const found = pattern.exec(text);
      if (found !== null) resolve(found[1]);
    });
  });
}
