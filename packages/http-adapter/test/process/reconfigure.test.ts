// What a restart does with a configuration and env files that have changed, with the command as a user runs it and in a
// program of one's own. The application answers with what it was started with.

import { promises as fs } from "node:fs";
import { join } from "node:path";
import { configFile, type RollResult, type Server, serve } from "@brood/http-adapter";
import { describe, expect, it, onTestFinished } from "vitest";
import { type BroodServer, startBrood, startBroodWith, testFolder } from "../support/brood-server.ts";
import { post } from "../support/control.ts";
import { seen } from "../support/look.ts";
import { rowsOf, SPAWN } from "../support/spawn.ts";
import { within } from "../support/within.ts";

/** Fails to boot where BAD says so: everywhere, or in that slot. */
const APP = `import http from "node:http";
const { BAD } = process.env;
if (BAD === "all") throw new Error("BAD is set");
export function onWorkerBoot({ slot }) {
  if (BAD === String(slot)) throw new Error("BAD is set for this slot");
}
const mine = ["A", "B", "C", "D", "E"];
export default http.createServer((request, response) => {
  const env = Object.fromEntries(mine.filter((name) => name in process.env).map((name) => [name, process.env[name]]));
  response.end(JSON.stringify({ pid: process.pid, env, flags: process.execArgv.filter((each) => each.startsWith("--import")) }));
});
`;

const QUICK = ["--min-healthy", "50"] as const;

interface Told {
  readonly pid: number;
  readonly env: Readonly<Record<string, string>>;
  readonly flags: readonly string[];
}

async function ask(address: string | undefined): Promise<Told> {
  const response = await fetch(String(address).replace("tcp:", "http:"), {
    headers: { connection: "close" },
  });
  return (await response.json()) as Told;
}

/** Writes the configuration file; the address is of the start. */
async function configure(folder: string, options: Readonly<Record<string, unknown>>): Promise<void> {
  const whole = { entry: "./app.mjs", listen: "127.0.0.1:0", workers: 1, ...options };
  await fs.writeFile(join(folder, "brood.config.json"), JSON.stringify(whole));
}

async function configured(options: Readonly<Record<string, unknown>>): Promise<string> {
  const folder = await testFolder({ "app.mjs": APP });
  await configure(folder, options);
  return folder;
}

function imported(value: number): string {
  return `--import=data:text/javascript,${value}`;
}

/** As `brood restart` asks for it, without a process for the question. */
async function restart(
  server: BroodServer,
  body: Readonly<Record<string, unknown>> = {},
): Promise<RollResult> {
  return (await post(server.control, "/restart", body)) as unknown as RollResult;
}

/** Nobody was started, nothing was decided. */
async function untouched(server: BroodServer, spawned: number): Promise<void> {
  expect(await server.stats()).toMatchObject({ generation: 1, state: "running", counters: { spawned } });
}

describe("a restart reads configuration and env files again", () => {
  const ways = rowsOf(
    [
      ["--spawn", "fresh"],
      ["--spawn", "template"],
      ["--runtime", "thread"],
    ] as const,
    ([, how]) => how !== "template",
    "the same with spawn template",
  );

  it.each(ways)("and applies them with its generation, removals too (%s %s)", async (...how) => {
    const options = { envFile: [".env"], env: { A: "1", B: "1" }, execArgv: [imported(1)] };
    const folder = await configured(options);
    await fs.writeFile(join(folder, ".env"), "C=1\nD=1\n");
    // Given twice the last one counts.
    const server = await startBroodWith(
      { E: "own" },
      folder,
      ...QUICK,
      ...how,
      "--spawn",
      how[0] === "--spawn" ? how[1] : "fresh",
    );
    expect(await ask(server.addresses[0])).toMatchObject({
      env: { A: "1", B: "1", C: "1", D: "1", E: "own" },
      flags: [imported(1)],
    });

    const now = { workers: 2, env: { A: "2" }, execArgv: [imported(2)], drainTimeoutMs: 1_234, maxSurge: 2 };
    await configure(folder, { envFile: [".env"], ...now });
    await fs.writeFile(join(folder, ".env"), "C=2\nE=file\n");
    const environment = ["env.C", "env.D", "env.A", "env.B"];
    const changed = ["workers", ...environment, "execArgv", "drainTimeoutMs", "maxSurge"];
    expect(await restart(server)).toMatchObject({ result: "completed", changed, unchanged: false });
    expect(await server.stats()).toMatchObject({ generation: 2, desired: 2, ready: 2 });
    expect(await ask(server.addresses[0])).toMatchObject({
      env: { A: "2", C: "2", E: "own" },
      flags: [imported(2)],
    });

    // Generation 1 comes back as it was, though no file says so any more.
    expect(await restart(server, { to: 1 })).toMatchObject({ result: "completed" });
    expect(await server.stats()).toMatchObject({ generation: 3, desired: 1, ready: 1 });
    expect(await ask(server.addresses[0])).toMatchObject({
      env: { A: "1", B: "1", C: "1", D: "1", E: "own" },
      flags: [imported(1)],
    });
  });

  it("C27: and takes them back with a generation that fails: a worker that dies then comes back as before", async () => {
    const folder = await configured({ workers: 2, env: { A: "1" }, maxFailures: 1 });
    const server = await startBrood(folder, ...QUICK, "--stderr", join(folder, "log"));
    for (const bad of ["all", "2"]) {
      await configure(folder, { workers: 3, env: { A: "2", BAD: bad }, maxFailures: 1 });
      const { result, reason } = await restart(server);
      expect(result).toBe("failed");
      expect(reason?.message).toContain("BAD is set");
      const { workers } = await server.stats();
      expect(workers.map(({ generation }) => generation)).toEqual([1, 1]);
      const victim = workers[0]?.pid ?? 0;
      process.kill(victim, "SIGKILL");
      const isBack = async (): Promise<boolean> => {
        const stats = await server.stats();
        return stats.ready === 2 && stats.workers.every(({ pid }) => pid !== victim);
      };
      await within("the worker's replacement", seen(isBack));
      for (let count = 0; count < 4; count += 1)
        expect((await ask(server.addresses[0])).env).toEqual({ A: "1" });
    }
    await configure(folder, { workers: 3, env: { A: "3" } });
    expect(await restart(server)).toMatchObject({ result: "completed" });
    expect(await server.stats()).toMatchObject({ desired: 3, ready: 3 });
    expect((await ask(server.addresses[0])).env).toEqual({ A: "3" });
  });

  it("and refuses by name what needs a new start, with both values, before anything is touched", async () => {
    const folder = await configured({});
    const server = await startBrood(folder, ...QUICK);
    const refused: readonly (readonly [Readonly<Record<string, unknown>>, string, string])[] = [
      [
        { listen: "127.0.0.1:9" },
        "listen",
        '["tcp://127.0.0.1:0"] since the start, ["tcp://127.0.0.1:9"] now',
      ],
      [{ runtime: "thread" }, "runtime", "process since the start, thread now"],
      [{ handoff: "reuseport" }, "handoff", "listener since the start, reuseport now"],
      [{ name: "other" }, "name", " since the start, other now"],
      [{ stdout: "out.log" }, "stdout", "none since the start, "],
      [{ socketMode: "660" }, "socketMode", "none since the start, 660 now"],
      [{ ticketKeysMs: 5_000 }, "ticketKeysMs", "86400000 since the start, 5000 now"],
    ];
    for (const [change, option, values] of refused) {
      await configure(folder, { ...change, workers: 3 });
      const { result, reason } = await restart(server);
      expect([result, reason?.code]).toEqual(["failed", "BROOD_NEEDS_START"]);
      expect(reason?.message).toContain(`option ${option}: `);
      expect(reason?.message).toContain(values);
    }
    const { exitCode, stderr } = await server.command("restart");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /restart failed, BROOD_NEEDS_START: option ticketKeysMs: 86400000 since the start/,
    );
    await untouched(server, 1);
    await configure(folder, { workers: 2 });
    expect(await restart(server)).toMatchObject({ result: "completed" });
    expect(await server.stats()).toMatchObject({ ready: 2 });
  });

  it("C33: and refuses what cannot be used, by name and file, before anything is touched", async () => {
    const folder = await configured({ envFile: ".env" });
    await fs.writeFile(join(folder, ".env"), "A=1");
    const server = await startBrood(folder, ...QUICK);
    const attempt = async (text: string, expected: string | RegExp): Promise<void> => {
      await fs.writeFile(join(folder, "brood.config.json"), text);
      const { result, reason } = await restart(server);
      expect([result, reason?.code]).toEqual(["failed", "BROOD_BAD_OPTION"]);
      expect(reason?.message).toMatch(expected);
    };
    await attempt('{ "workers": 0, "listen": "127.0.0.1:0" }', /option workers: got 0.*brood\.config\.json/);
    await attempt('{ "wokers": 2, "listen": "127.0.0.1:0" }', /option wokers: got 2.*brood\.config\.json/);
    await attempt('{ "workers": 2', /configuration file .*brood\.config\.json cannot be loaded/);
    await attempt('{ "envFile": ".nev", "listen": "127.0.0.1:0" }', /option envFile: got ".*\.nev".*ENOENT/);
    await untouched(server, 1);
  });

  it("through the link that was meant, with all that the file imports, as it is now", async () => {
    const release = (number: number): Record<string, string> => ({
      [`r${number}/app.mjs`]: APP,
      [`r${number}/brood.config.mjs`]:
        'import { env } from "./shared.mjs";\nexport default { env, workers: 1 };',
      [`r${number}/shared.mjs`]: `export const env = { A: "${number}" };`,
    });
    const folder = await testFolder({ ...release(1), ...release(2) });
    await fs.symlink("r1", join(folder, "current"));
    const args = ["--config", "current/brood.config.mjs", "-l", "127.0.0.1:0", ...QUICK];
    const server = await startBrood(folder, "current/app.mjs", ...args);
    expect((await ask(server.addresses[0])).env).toEqual({ A: "1" });
    await fs.symlink("r2", join(folder, "next"));
    await fs.rename(join(folder, "next"), join(folder, "current"));
    expect(await restart(server)).toMatchObject({ result: "completed" });
    expect((await ask(server.addresses[0])).env).toEqual({ A: "2" });
    // In place, only what the file imports.
    await fs.writeFile(join(folder, "r2/shared.mjs"), 'export const env = { A: "3" };');
    expect(await restart(server)).toMatchObject({ result: "completed" });
    expect((await ask(server.addresses[0])).env).toEqual({ A: "3" });
  });

  it("for USR1 and USR2 too; what the command line and the environment say stays", async () => {
    const folder = await configured({ workers: 2, env: { A: "1" } });
    const environment = { BROOD_MAX_FAILURES: "7", BROOD_ENV_FILE: "one.env, two.env" };
    await fs.writeFile(join(folder, "one.env"), "B=1\nC=1");
    await fs.writeFile(join(folder, "two.env"), "C=2");
    const server = await startBroodWith(environment, folder, ...QUICK, "-w", "1");
    expect((await ask(server.addresses[0])).env).toEqual({ A: "1", B: "1", C: "2" });
    for (const [signal, generation] of [
      ["SIGUSR1", 2],
      ["SIGUSR2", 3],
    ] as const) {
      await configure(folder, { workers: 3, env: { A: String(generation) }, maxFailures: 0 });
      process.kill(server.pid, signal);
      const isDone = async (): Promise<boolean> => (await server.stats()).generation === generation;
      await within("the roll's end", seen(isDone));
      expect((await ask(server.addresses[0])).env).toMatchObject({ A: String(generation), C: "2" });
      expect(await server.stats()).toMatchObject({ desired: 1, ready: 1 });
    }
  });

  it("keeps the number of workers that somebody scaled to, unless the file changes it", async () => {
    const folder = await configured({ workers: 1, env: { A: "1" } });
    const server = await startBrood(folder, ...QUICK);
    await post(server.control, "/scale", { workers: 2 });
    await configure(folder, { workers: 1, env: { A: "2" } });
    await restart(server);
    expect(await server.stats()).toMatchObject({ generation: 2, desired: 2, ready: 2 });
    await configure(folder, { workers: 3, env: { A: "2" } });
    await restart(server);
    expect(await server.stats()).toMatchObject({ generation: 3, desired: 3, ready: 3 });
  });
});

describe("a server in a program of one's own", () => {
  async function started(source: Parameters<typeof serve>[0]): Promise<Server> {
    const server = await serve(source);
    onTestFinished(() => server.stop({ now: true }));
    return server;
  }

  it("follows a configuration file, over which its own values win", async () => {
    const folder = await configured({ workers: 2, env: { A: "1" }, minHealthyMs: 50 });
    const over = { cwd: folder, workers: 1, spawn: SPAWN } as const;
    const server = await started(configFile(join(folder, "brood.config.json"), over));
    await configure(folder, { workers: 3, env: { A: "2" }, minHealthyMs: 50 });
    expect(await server.restart()).toMatchObject({ result: "completed" });
    expect((await ask(server.addresses[0])).env).toEqual({ A: "2" });
    expect(server.stats()).toMatchObject({ desired: 1 });
    await configure(folder, { listen: "127.0.0.1:9" });
    const reason = { code: "BROOD_NEEDS_START", message: expect.stringContaining("option listen: ") };
    expect(await server.restart()).toMatchObject({ result: "failed", reason });
  });

  it("asks a function again; an object stays what it was, but for its env files", async () => {
    const folder = await testFolder({ "app.mjs": APP, ".env": "B=1" });
    const fixed = { entry: join(folder, "app.mjs"), cwd: folder, envFile: ".env", spawn: SPAWN };
    const config = { ...fixed, listen: "127.0.0.1:0", workers: 1, minHealthyMs: 50, env: { A: "1" } };
    const asked = await started(async () => ({ ...config }));
    const plain = await started(config);
    config.env = { A: "2" };
    await fs.writeFile(join(folder, ".env"), "C=2");
    for (const server of [asked, plain])
      expect(await server.restart()).toMatchObject({ result: "completed" });
    expect((await ask(asked.addresses[0])).env).toEqual({ A: "2", C: "2" });
    expect((await ask(plain.addresses[0])).env).toEqual({ A: "1", C: "2" });
  });

  it("gets a failed restart from a function that throws", async () => {
    const folder = await testFolder({ "app.mjs": APP });
    let broken = false;
    const server = await started(() => {
      if (broken) throw new Error("the vault is sealed");
      return { entry: join(folder, "app.mjs"), listen: "127.0.0.1:0", workers: 1, spawn: SPAWN };
    });
    broken = true;
    const message = expect.stringContaining("the vault is sealed");
    expect(await server.restart()).toMatchObject({ result: "failed", reason: { message } });
    expect(server.stats()).toMatchObject({ generation: 1, ready: 1, counters: { spawned: 1 } });
  });
});
