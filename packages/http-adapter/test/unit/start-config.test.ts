import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { badOption } from "@brood/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { inCommandWords } from "../../src/cli/bad-input.ts";
import { loadConfigFile } from "../../src/cli/config-file.ts";
import { attributeOf, readStartConfig } from "../../src/cli/start-config.ts";

const named = (text: string) => ({ spelling: "--config", text });

describe("start configuration", () => {
  let folder = "";

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "brood-config-"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function file(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }

  it("lets the command line override the file, one level down too", async () => {
    const config = file(
      "brood.config.json",
      JSON.stringify({ entry: "a.js", workers: 2, maxSurge: 3, recycle: { requests: 5, ageMs: 9 } }),
    );
    const values = { config, workers: "4", maxRequests: "7", listen: ["1", "2"], exposeGeneration: true };
    const read = await readStartConfig("b.js", values);
    expect(read.config).toEqual({
      control: true,
      cwd: expect.any(String),
      entry: "b.js",
      workers: 4,
      maxSurge: 3,
      recycle: { requests: 7, ageMs: 9 },
      listen: ["1", "2"],
      exposeGeneration: true,
    });
  });

  it("looks for the paths of a file that was named beside it, unless the command line says where", async () => {
    const [path, there] = ["a.json", "b.json"].map((name) => join(folder, name));
    file("a.json", JSON.stringify({ entry: "./a.js" }));
    file("b.json", JSON.stringify({ entry: "./a.js", cwd: "deploy" }));
    const here = process.env["PWD"];
    const cwdOf = async (
      entry: string | undefined,
      config: string | undefined,
      more = {},
    ): Promise<unknown> => (await readStartConfig(entry, { config, ...more }, {})).config.cwd;
    expect(await cwdOf(undefined, path)).toBe(folder);
    expect(await cwdOf(undefined, there)).toBe(join(folder, "deploy"));
    expect(await cwdOf(undefined, path, { cwd: "/srv" })).toBe("/srv");
    expect([await cwdOf("a.js", path), await cwdOf("a.js", undefined)]).toEqual([here, here]);
  });

  it("has no control socket with --no-control, BROOD_CONTROL=false or in the file", async () => {
    const config = file("brood.config.json", JSON.stringify({ entry: "a.js", control: false }));
    for (const [values, environment] of [
      [{ control: false }, {}],
      [{ control: false }, { BROOD_CONTROL: "/run/a.sock" }],
      [{}, { BROOD_CONTROL: "false" }],
      [{ config }, {}],
    ] as const) {
      const read = await readStartConfig("a.js", values, environment);
      expect(read.config.control).toBe(false);
    }
    const read = await readStartConfig("a.js", { config, control: "false.sock" }, {});
    expect(read.config.control).toBe("false.sock");
  });

  it("takes an option from the command line, else from the environment, else from the file", async () => {
    const config = file("c.json", JSON.stringify({ entry: "a.js", workers: 2, maxSurge: 3, lingerMs: 9 }));
    const environment = {
      BROOD_CONFIG: config,
      BROOD_WORKERS: "5",
      BROOD_MAX_SURGE: "7",
      BROOD_LISTEN: "1, unix:/run/a.sock",
      BROOD_WAIT_READY: "true",
      BROOD_EXPOSE_GENERATION: "0",
      BROOD_MAX_FAILURES: "",
      BROOD_NODE_ARGS: "--max-old-space-size=64 --title 'a b'",
      BROOD_PORT: "tcp://10.0.0.1:80",
    };
    const read = await readStartConfig(undefined, { workers: "4" }, environment);
    expect(read.config).toEqual({
      control: true,
      entry: "a.js",
      workers: 4,
      maxSurge: 7,
      lingerMs: 9,
      cwd: expect.any(String),
      listen: ["1", "unix:/run/a.sock"],
      waitReady: true,
      exposeGeneration: false,
      execArgv: ["--max-old-space-size=64", "--title", "a b"],
    });
    expect(read.given.get("maxSurge")).toEqual({ spelling: "BROOD_MAX_SURGE", text: "7" });
    const refused = inCommandWords(badOption("maxSurge", "x", "a number"), {
      ...read,
      given: new Map([["maxSurge", { spelling: "BROOD_MAX_SURGE", text: "x" }]]),
    });
    expect(refused).toMatchObject({ message: 'option BROOD_MAX_SURGE: got "x", expected a number' });
  });

  it("splits flags as a shell does, and refuses a quote that is not closed", async () => {
    const flags = async (nodeArgs: string) =>
      (await readStartConfig("b.js", { nodeArgs }, {})).config.execArgv;
    expect(await flags(`  --a=1 "--b=two \\" words" --c='x "y'z\\ z  `)).toEqual([
      "--a=1",
      '--b=two " words',
      `--c=x "yz z`,
    ]);
    expect(await flags("")).toEqual([]);
    await expect(flags(`--a "b`)).rejects.toThrowError(/^option --node-args: got "--a \\"b", expected flags/);
  });

  it("reads megabytes as bytes, and refuses what are none", async () => {
    expect((await readStartConfig("b.js", { maxMemory: "512" })).config.recycle).toEqual({
      memoryBytes: 512 * 2 ** 20,
    });
    await expect(readStartConfig("b.js", { maxMemory: "1.5" })).rejects.toThrowError(
      /^option --max-memory: got "1.5", expected a whole number of megabytes/,
    );
  });

  it("says what is missing when there is no entry", async () => {
    await expect(readStartConfig(undefined, { config: file("c.json", "{}") })).rejects.toThrowError(
      /^<entry> is missing: expected the path of a module/,
    );
  });

  it.each([
    [
      "brood.config.ts",
      'const port: number = 3000;\nexport default { entry: "x.js", listen: port } satisfies object;',
    ],
    ["brood.config.mts", 'export default { entry: "x.js", listen: 3000 as number };'],
    ["brood.config.mjs", 'export default { entry: "x.js", listen: 3000 };'],
    ["brood.config.js", 'module.exports = { entry: "x.js", listen: 3000 };'],
    ["brood.config.json", '{ "entry": "x.js", "listen": 3000 }'],
  ])("finds and loads %s", async (name, text) => {
    const path = file(name, text);
    expect(await loadConfigFile(undefined, folder)).toEqual({
      path,
      values: { entry: "x.js", listen: 3000 },
    });
  });

  it("refuses a named file that is missing, of another kind, broken, or exports no object", async () => {
    await expect(loadConfigFile(named("no.js"), folder)).rejects.toThrowError(
      /^option --config: got "no.js", expected a file/,
    );
    file("a.yaml", "");
    await expect(loadConfigFile(named("a.yaml"), folder)).rejects.toThrowError(
      /^option --config: got "a.yaml"/,
    );
    file("a.json", "{");
    await expect(loadConfigFile(named("a.json"), folder)).rejects.toThrowError(/a\.json cannot be loaded: /);
    file("b.mjs", "export default 7;");
    await expect(loadConfigFile(named("b.mjs"), folder)).rejects.toThrowError(
      /b\.mjs cannot be loaded: it must export an object by default/,
    );
    expect(await loadConfigFile(undefined, folder)).toBeNull();
  });

  it("names an option as the user wrote it", () => {
    const given = new Map([["bootTimeoutMs", { spelling: "--boot-timeout", text: "soon" }]]);
    const input = { given, file: { path: "/c.json", values: {} } };
    const fromFlag = inCommandWords(badOption("bootTimeoutMs", "soon", "a number"), input);
    expect(fromFlag).toMatchObject({ message: 'option --boot-timeout: got "soon", expected a number' });
    const fromFile = inCommandWords(badOption("maxSurge", -1, "a number"), input);
    expect(fromFile).toMatchObject({ message: "option maxSurge: got -1, expected a number (in /c.json)" });
    expect(attributeOf("--heartbeat-timeout")).toBe("heartbeatTimeout");
  });
});
