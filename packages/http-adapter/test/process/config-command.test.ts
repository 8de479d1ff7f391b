// `brood config`, and what the environment and env files say, with the command as a user runs it.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { brood, startBroodWith, testFolder } from "../support/brood-server.ts";

const FILES = {
  "app.mjs": "export default (request, response) => response.end(String(process.env.A));",
  "brood.config.mjs": `export default {
    entry: "./app.mjs", workers: 9, maxSurge: 5, recycle: { requests: 10 }, env: { A: "config" }, healthCheck: "/health",
  };`,
  "one.env": "A=one\nB=one\nPORT=4321\n",
  "two.env": "B=two\n",
};

describe("brood config", () => {
  it("prints what counts and where it came from, and touches nothing", async () => {
    const folder = await testFolder(FILES);
    const before = readdirSync(folder);
    const args = ["config", "--json", "-w", "3", "--env-file", "one.env", "--env-file", "two.env"];
    const { exitCode, stdout } = await brood(args, folder, { BROOD_MAX_SURGE: "2", BROOD_WORKERS: "7" });
    expect(exitCode).toBe(0);
    const { config, sources, file } = JSON.parse(stdout);
    const configPath = join(folder, "brood.config.mjs");
    expect(file).toBe(configPath);
    expect(config).toMatchObject({
      entry: join(folder, "app.mjs"),
      workers: 3,
      maxSurge: 2,
      listen: ["tcp://[::]:4321"],
      bootTimeoutMs: 30_000,
      env: { A: "config", B: "two", PORT: "4321" },
      healthCheck: { path: "/health" },
    });
    expect(sources).toMatchObject({
      entry: { from: "file", name: configPath },
      workers: { from: "command line", name: "--workers" },
      maxSurge: { from: "environment", name: "BROOD_MAX_SURGE" },
      maxUnavailable: { from: "default" },
      listen: { from: "file", name: join(folder, "one.env") },
      "recycle.requests": { from: "file", name: configPath },
      "recycle.jitter": { from: "default" },
      "env.A": { from: "file", name: configPath },
      "env.B": { from: "file", name: join(folder, "two.env") },
      "healthCheck.path": { from: "file", name: configPath },
      envFile: { from: "command line", name: "--env-file" },
    });
    expect(readdirSync(folder)).toEqual(before);
  });

  it("prints a line for each, as a start with the same options would have it", async () => {
    const folder = await testFolder(FILES);
    const { exitCode, stdout } = await brood(["config", "-l", "unix:a.sock"], folder, { PORT: "1" });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^workers {2,}9 {2,}.*brood\.config\.mjs$/m);
    expect(stdout).toMatch(/^listen {2,}\["unix:.*a\.sock"\] {2,}--listen$/m);
    expect(stdout).toMatch(/^drainTimeoutMs {2,}\d+ {2,}default$/m);
  });

  it("refuses what a start would refuse, in the same words", async () => {
    const folder = await testFolder(FILES);
    const refused: readonly (readonly [
      readonly string[],
      Readonly<Record<string, string>>,
      string | RegExp,
    ])[] = [
      [
        [],
        { BROOD_WORKERS: "few" },
        'option BROOD_WORKERS: got "few", expected "auto" or a whole number from 1 to 10000',
      ],
      [[], { BROOD_WAIT_READY: "maybe" }, 'option BROOD_WAIT_READY: got "maybe", expected true or false'],
      [[], { BROOD_CONFIG: "no.js" }, /option BROOD_CONFIG: got "no\.js", expected a file that exists/],
      [
        [],
        { BROOD_ENV_FILE: "one.env,no.env" },
        /option BROOD_ENV_FILE: .*a file that can be read \(ENOENT.*no\.env/,
      ],
      [
        ["--node-args", "--a 'b"],
        {},
        `option --node-args: got "--a 'b", expected flags with each quote closed`,
      ],
    ];
    for (const [at, [args, env, expected]] of refused.entries()) {
      // The start has the same checks: once is enough to see that.
      for (const command of at === 0 ? ["config", "start"] : ["config"]) {
        const { exitCode, stderr } = await brood([command, ...args], folder, env);
        expect([command, exitCode]).toEqual([command, 2]);
        const line = stderr.replace(/^brood: /, "").trimEnd();
        if (typeof expected === "string") expect(line).toBe(expected);
        else expect(line).toMatch(expected);
      }
    }
  });
});

describe("the environment of a start", () => {
  it("gives options and names the server for the other commands; PORT may stand in an env file", async () => {
    const folder = await testFolder({ "app.mjs": FILES["app.mjs"], ".env": "A=file\nPORT=0\n" });
    const env = { BROOD_WORKERS: "2", BROOD_MIN_HEALTHY: "50", BROOD_NODE_ARGS: "--stack-trace-limit=3" };
    const server = await startBroodWith(env, folder, "--env-file", ".env");
    expect(await server.stats()).toMatchObject({ desired: 2 });
    const port = new URL(String(server.addresses[0]).replace("tcp:", "http:")).port;
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe("file");
    const found = await brood(["status", "--json"], folder, { BROOD_CONTROL: server.control });
    expect(JSON.parse(found.stdout)).toMatchObject({ pid: server.pid });
  });
});
