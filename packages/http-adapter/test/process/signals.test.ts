import { promises as fs, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type BroodServer, brood, startBrood, testFolder } from "../support/brood-server.ts";
import { seen } from "../support/look.ts";
import { within } from "../support/within.ts";

const APP = `console.log("loaded " + process.pid);
export default (request, response) => {
  if (request.url === "/stuck") return;
  setTimeout(() => response.end("ok"), request.url === "/slow" ? 500 : 0);
};`;

async function start(
  ...args: readonly string[]
): Promise<{ server: BroodServer; folder: string; url: string }> {
  const folder = await testFolder({
    "app.mjs": APP,
    "package.json": '{ "name": "@acme/shop", "type": "module" }',
  });
  const server = await startBrood(folder, "-l", "127.0.0.1:0", "--min-healthy", "50", ...args);
  return { server, folder, url: server.addresses[0]?.replace("tcp", "http") ?? "" };
}

/** Asks until the stats are as wanted. */
async function until(
  server: BroodServer,
  what: string,
  isSo: (stats: Awaited<ReturnType<BroodServer["stats"]>>) => boolean,
) {
  let stats = await server.stats();
  const arrived = seen(async () => {
    stats = await server.stats();
    return isSo(stats);
  });
  await within(what, arrived, () => JSON.stringify(stats));
  return stats;
}

/** Opens a request that the worker has certainly taken. */
async function taken(server: BroodServer, url: string): Promise<{ readonly answer: Promise<string> }> {
  const answer = fetch(url)
    .then((response) => response.text())
    .catch((error: unknown) => String(error));
  await until(server, "the request", (stats) => stats.workers.some((each) => each.connections > 0));
  return { answer };
}

describe("signals", () => {
  it.each(["SIGTERM", "SIGINT"] as const)(
    "%s answers what was accepted, then ends with 0 and leaves nothing",
    async (signal) => {
      const { server, folder, url } = await start("-w", "1");
      const { answer } = await taken(server, `${url}/slow`);
      server.child.kill(signal);
      expect(await answer).toBe("ok");
      expect(await server.ended()).toEqual({ exitCode: 0, signal: null });
      expect((await fs.readdir(folder)).sort()).toEqual(["app.mjs", "package.json"]);
    },
  );

  it("a second SIGTERM does not wait for a stuck request", async () => {
    const { server, url } = await start("-w", "1", "--drain-timeout", "600000");
    const { answer } = await taken(server, `${url}/stuck`);
    server.child.kill("SIGTERM");
    await until(server, "draining", (stats) => stats.state === "stopping");
    // One that follows within 500 ms is the first one again.
    const ended = server.ended();
    let hasEnded = false;
    void ended.then(() => {
      hasEnded = true;
    });
    await within(
      "the end",
      seen(() => hasEnded || !server.child.kill("SIGTERM")),
    );
    expect(await ended).toEqual({ exitCode: 0, signal: null });
    expect(await answer).toMatch(/failed/);
  });

  it("SIGQUIT ends at once, stuck request or not", async () => {
    const { server, url } = await start("-w", "1", "--drain-timeout", "600000");
    await taken(server, `${url}/stuck`);
    server.child.kill("SIGQUIT");
    expect(await server.ended()).toEqual({ exitCode: 0, signal: null });
  });

  it.each(["SIGUSR1", "SIGUSR2"] as const)("%s replaces every worker", async (signal) => {
    const { server } = await start("-w", "2");
    process.kill(Number(readFileSync(server.pidfile, "utf8")), signal);
    const stats = await until(server, "generation 2", (each) => each.lastRoll?.to === 2);
    expect(stats.lastRoll).toMatchObject({ result: "completed", replaced: 2 });
  });

  it("SIGTTIN and SIGTTOU change the number of workers by one, never below one", async () => {
    const { server } = await start("-w", "1");
    server.child.kill("SIGTTIN");
    await until(server, "two workers", (stats) => stats.ready === 2 && stats.workers.length === 2);
    server.child.kill("SIGTTOU");
    await until(server, "one worker", (stats) => stats.ready === 1 && stats.workers.length === 1);
    server.child.kill("SIGTTOU");
    expect(await server.command("scale", "+1")).toMatchObject({
      exitCode: 0,
      stdout: "brood scaled desired=2 ready=2\n",
    });
  });

  it("what comes while the server starts is done when it is ready; HUP without a terminal does no harm", async () => {
    const folder = await testFolder({
      "app.mjs": `await new Promise((done) => setTimeout(done, 300));\n${APP}`,
      "package.json": "{}",
    });
    const signals = ["SIGHUP", "SIGUSR2", "SIGTTIN"];
    // By the first worker alone.
    const preload = `import { mkdirSync } from "node:fs";
let isFirst = true;
try { mkdirSync(${JSON.stringify(join(folder, "sent"))}); } catch { isFirst = false; }
if (isFirst) for (const each of ${JSON.stringify(signals)}) process.kill(process.ppid, each);`;
    await fs.writeFile(join(folder, "signals.mjs"), preload);
    const server = await startBrood(
      folder,
      "-l",
      "127.0.0.1:0",
      "-w",
      "1",
      "--min-healthy",
      "50",
      "--node-args",
      `--import ${join(folder, "signals.mjs")}`,
      "--spawn",
      "fresh",
    );
    const stats = await until(server, "both", (each) => each.lastRoll?.to === 2 && each.desired >= 2);
    expect(stats.lastRoll).toMatchObject({ result: "completed" });
    expect(server.log()).toContain("restart signal: done when the server is ready");
  });

  it("brood stop while the server starts ends it as TERM does", async () => {
    const app =
      "console.log('loading'); await new Promise((done) => setTimeout(done, 60_000)); export default () => {};";
    const folder = await testFolder({ "app.mjs": app, "package.json": "{}" });
    const control = join(folder, "c.sock");
    const started = brood(["app.mjs", "-w", "1", "-l", "127.0.0.1:0", "--control", control], folder);
    const stop = async (): Promise<boolean> =>
      (await brood(["stop", "--control", control], folder)).exitCode === 0;
    await within("stop", seen(stop), undefined, 30_000);
    expect(await within("the end", started, undefined, 30_000)).toMatchObject({ exitCode: 0 });
  });

  it("brood restart of a server that goes away meanwhile exits with 1", async () => {
    const { server, folder } = await start("-w", "1");
    await fs.writeFile(join(folder, "app.mjs"), `await new Promise((r) => setTimeout(r, 60_000));\n${APP}`);
    const restart = server.command("restart");
    await until(server, "the roll", (stats) => stats.roll !== null);
    server.child.kill("SIGKILL");
    expect(await restart).toMatchObject({ exitCode: 1 });
  });

  it("SIGHUP opens the log files again", async () => {
    const { server, folder } = await start("-w", "1", "--stdout", "out.log", "--stderr", "err.log");
    const out = join(folder, "out.log");
    const err = join(folder, "err.log");
    await fileMatching(out, /^loaded \d+\n$/);
    await fileMatching(err, / info slot=0 worker=w1 gen=1 pid=\d+ worker:ready /);
    await fs.rename(out, `${out}.1`);
    await fs.rename(err, `${err}.1`);
    server.child.kill("SIGHUP");
    // The command's answer comes after the signal was handled: signals are handled first in a turn of the loop.
    await server.command("status");
    expect(await server.command("restart")).toMatchObject({ exitCode: 0 });
    await fileMatching(out, /^loaded \d+\n$/);
    await fileMatching(err, / info roll:ended .*result=completed/);
    await fileMatching(`${out}.1`, /^loaded \d+\n$/);
  });
});

describe("control commands", () => {
  it("status shows a table, scale takes n, +n and -n, stop ends the server once it has answered", async () => {
    const { server, folder } = await start("-w", "2");
    const { stdout } = await server.command("status");
    expect(stdout).toMatch(/^name=shop pid=\d+ state=running gen=1 ready=2\/2 uptime=/);
    expect(stdout).toMatch(/│ 0 +│ w1 +│ 1 +│ \d+ +│ ready +│/);
    const json = await server.command("status", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({
      name: "shop",
      ready: 2,
      workers: [{ slot: 0 }, { slot: 1 }],
    });
    expect(await server.command("scale", "3")).toMatchObject({ stdout: "brood scaled desired=3 ready=3\n" });
    expect(await server.command("scale", "-2")).toMatchObject({ stdout: "brood scaled desired=1 ready=1\n" });
    const refused = await server.command("scale", "-1");
    expect(refused).toMatchObject({ exitCode: 2, stdout: "" });
    expect(refused.stderr).toMatch(/^brood: option workers: got "-1", expected .*; 1 are wanted now\n$/);
    expect(await server.command("stop")).toMatchObject({ exitCode: 0, stdout: "brood stopped\n" });
    expect(await server.ended()).toEqual({ exitCode: 0, signal: null });
    expect((await fs.readdir(folder)).sort()).toEqual(["app.mjs", "package.json"]);
  });

  it("restart prints a line for each worker and the result, with --json the RollResult alone", async () => {
    const { server } = await start("-w", "2");
    const lines = await server.command("restart");
    expect(lines.stdout).toMatch(
      /^brood restart completed gen=1->2 replaced=2 killed=0 moved=0 durationMs=\d+\nold release entry=\S+ version=none folder=\S+ fingerprint=\w+\nnew release entry=\S+ .*\nunchanged: .*\n$/,
    );
    expect(lines.stderr.match(/^slot=\d worker=w\d gen=2 pid=\d+ ready after \d+ ms$/gm)).toHaveLength(2);
    const json = await server.command("restart", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({
      from: 2,
      to: 3,
      result: "completed",
      replaced: 2,
      unchanged: true,
    });
    expect(json.stderr).toBe("");
    expect(await server.command("restart", "--no-wait")).toMatchObject({
      exitCode: 0,
      stdout: "brood restart begun\n",
    });
    await until(server, "generation 4", (stats) => stats.lastRoll?.to === 4);
  });

  it("A5: a restart that a newer one supersedes exits with 3, and no slot ends on the one in between", async () => {
    const { server, folder } = await start("-w", "1");
    await fs.writeFile(join(folder, "app.mjs"), `await new Promise((r) => setTimeout(r, 1000));\n${APP}`);
    const first = server.command("restart");
    await until(server, "the first roll", (stats) => stats.roll !== null);
    const second = server.command("restart");
    expect(await first).toMatchObject({
      exitCode: 3,
      stdout: expect.stringMatching(/^brood restart superseded /),
    });
    expect(await second).toMatchObject({ exitCode: 0 });
    expect((await server.stats()).workers.map(({ generation }) => generation)).toEqual([3]);
  });

  it("a second server of the same name is refused, the first serves on", async () => {
    const { server, folder, url } = await start("-w", "1");
    const end = await brood(["app.mjs", "-l", "0", "--control", server.control], folder);
    expect(end).toMatchObject({ exitCode: 2, stdout: "" });
    expect(end.stderr).toMatch(/^brood: control socket unix:.* is in use: a server of this name runs\./);
    expect(await (await fetch(url)).text()).toBe("ok");
  });
});

/** A log is written behind what it tells of: waits until the file's text is like this. */
async function fileMatching(path: string, pattern: RegExp): Promise<void> {
  let text = "";
  const matching = seen(async () => {
    text = await fs.readFile(path, "utf8").catch(() => "");
    return pattern.test(text);
  });
  await within(`${pattern} in ${path}`, matching, () => text);
}
