// The files by which a server is reached: what a cleaner, twenty starters at once and an open umask do to them. Servers are
// real, and so is systemd-tmpfiles.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { type FSWatcher, promises as fs, lstatSync, watch } from "node:fs";
import { join } from "node:path";
import { type ServeConfig, type Server, serve } from "@brood/http-adapter";
import { describe, expect, it, onTestFinished } from "vitest";
import { callControl } from "../../src/control/client.ts";
import { testFolder } from "../support/brood-server.ts";
import { fetchOver } from "../support/fetch-over.ts";
import { rowsOf, SPAWN } from "../support/spawn.ts";
import { startCommand } from "../support/starter.ts";
import { within } from "../support/within.ts";

const APP = `export default (request, response) => response.end("here");`;
const STARTERS = 20;

const cannotClean =
  spawnSync("systemd-tmpfiles", ["--version"]).error === undefined
    ? null
    : "no systemd-tmpfiles (apt-get install systemd)";
if (cannotClean !== null) console.log(`skipped: socket files and tmpfiles: ${cannotClean}`);

/** What SIGKILL leaves: a socket file that nobody listens on. */
async function leaveStale(path: string): Promise<void> {
  const source = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  await within("death of the owner", once(spawn(process.execPath, ["-e", source]), "exit"));
}

/** A server in this process; the test stops it. */
function start(config: ServeConfig): Promise<Server> {
  return serve({ workers: 1, minHealthyMs: 0, spawn: SPAWN, listen: "127.0.0.1:0", ...config });
}

async function answerAt(path: string): Promise<string> {
  return (await fetchOver("http", { target: { path } }, "/")).body;
}

describe.skipIf(cannotClean !== null)("systemd-tmpfiles --clean", () => {
  it("leaves control and unix sockets in place, also those reached through a link", async () => {
    const folder = await testFolder({ "app.mjs": APP, "run/note": "old" });
    const run = join(folder, "run");
    await fs.symlink(run, join(folder, "link"));
    await fs.writeFile(join(folder, "tmpfiles.conf"), `d ${run} 0755 - - 0\n`);
    await leaveStale(join(run, "dead.sock"));
    const server = await start({
      entry: join(folder, "app.mjs"),
      listen: [`unix:${join(run, "app.sock")}`, `unix:${join(folder, "link", "linked.sock")}`],
      control: join(run, "control.sock"),
    });
    onTestFinished(() => server.stop({ now: true }));
    const cleaner = spawnSync("systemd-tmpfiles", ["--clean", join(folder, "tmpfiles.conf")], {
      encoding: "utf8",
    });
    expect([cleaner.status, cleaner.stderr]).toEqual([0, ""]);
    // It does clean: what is no live socket is gone.
    const left = await fs.readdir(run);
    expect(left).not.toContain("note");
    expect(left).not.toContain("dead.sock");
    expect(left).toEqual(expect.arrayContaining(["app.sock", "control.sock", "linked.sock"]));
    expect(await answerAt(join(run, "app.sock"))).toBe("here");
    expect(await answerAt(join(run, "linked.sock"))).toBe("here");
    expect((await callControl(join(run, "control.sock"), "GET", "/stats")).status).toBe(200);
  });
});

/** What twenty starters want at the same moment, all of it left behind by dead servers. */
const WANTED = ["control", "listen", "pidfile"] as const;

const REFUSAL: Readonly<Record<(typeof WANTED)[number], RegExp>> = {
  control: /control socket unix:.*same\.sock is in use/,
  listen: /address unix:.*same\.sock is in use/,
  pidfile: /option (--)?pidfile: got ".*same\.pid", expected a file of its own/,
};

interface Contest {
  readonly folder: string;
  /** Of one starter, to begin with a name of its own. */
  readonly optionsOf: (starter: number) => Readonly<Record<(typeof WANTED)[number], string>>;
}

async function contest(wanted: (typeof WANTED)[number]): Promise<Contest> {
  const folder = await testFolder({ "app.mjs": APP, "same.pid": "999999999\n", ".same.sock.lock": "" });
  await leaveStale(join(folder, "same.sock"));
  const optionsOf = (starter: number) => ({
    control: join(folder, wanted === "control" ? "same.sock" : `c${starter}.sock`),
    listen: wanted === "listen" ? `unix:${join(folder, "same.sock")}` : "127.0.0.1:0",
    pidfile: join(folder, wanted === "pidfile" ? "same.pid" : `${starter}.pid`),
  });
  return { folder, optionsOf };
}

async function expectReachable({ folder }: Contest, wanted: string, pid: number): Promise<void> {
  const path = join(folder, "same.sock");
  if (wanted === "control") expect((await callControl(path, "GET", "/stats")).body).toMatchObject({ pid });
  if (wanted === "listen") expect(await answerAt(path)).toBe("here");
  if (wanted === "pidfile") expect(await fs.readFile(join(folder, "same.pid"), "utf8")).toBe(`${pid}\n`);
}

describe(`${STARTERS} servers that start at once over what dead ones left`, () => {
  it.each(WANTED)("in one process: exactly one has the %s, and is reached there", async (wanted) => {
    const scene = await contest(wanted);
    const entry = join(scene.folder, "app.mjs");
    const starting = Array.from({ length: STARTERS }, (_, starter) =>
      start({ entry, name: `s${starter}`, ...scene.optionsOf(starter) }),
    );
    const results = await Promise.allSettled(starting);
    const servers = results.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    onTestFinished(async () => void (await Promise.all(servers.map((each) => each.stop({ now: true })))));
    expect(servers).toHaveLength(1);
    for (const each of results) {
      if (each.status === "rejected") expect(each.reason.message).toMatch(REFUSAL[wanted]);
    }
    await expectReachable(scene, wanted, process.pid);
    await servers[0]?.stop({ now: true });
    const taken = wanted === "pidfile" ? "same.pid" : "same.sock";
    expect((await fs.readdir(scene.folder)).filter((name) => name.includes(taken))).toEqual([]);
  });

  it.each(rowsOf(WANTED, (each) => each === "control", "20 starters as processes: listen, pidfile"))(
    "as processes: exactly one has the %s, and is reached there",
    async (wanted) => {
      const scene = await contest(wanted);
      const starters = Array.from({ length: STARTERS }, (_, starter) => {
        const { control, listen, pidfile } = scene.optionsOf(starter);
        const args = ["app.mjs", "-w", "1", "--spawn", SPAWN, "--name", `s${starter}`];
        return startCommand(
          [...args, "--control", control, "-l", listen, "--pidfile", pidfile],
          scene.folder,
        );
      });
      const outcomes = await within(
        "an outcome of each starter",
        Promise.all(starters.map((each) => each.outcome)),
        () => starters.map((each) => each.output()).join(""),
        60_000,
      );
      const winners = starters.filter((_, index) => outcomes[index] === "ready");
      expect(winners, starters.map((each) => each.output()).join("")).toHaveLength(1);
      for (const each of starters.filter((other) => other !== winners[0])) {
        expect(await each.outcome).toBe(2);
        expect(each.output()).toMatch(REFUSAL[wanted]);
      }
      await expectReachable(scene, wanted, winners[0]?.child.pid ?? -1);
    },
  );
});

describe("with a umask of 000", () => {
  it("a socket is never there with more than its mode", async () => {
    const folder = await testFolder({ "app.mjs": APP });
    const run = join(folder, "run");
    await fs.mkdir(run);
    const umask = process.umask(0);
    onTestFinished(() => void process.umask(umask));
    const seen = watchModes(run);
    const server = await start({
      entry: join(folder, "app.mjs"),
      listen: `unix:${join(run, "app.sock")}`,
      socketMode: 0o600,
      control: join(run, "control.sock"),
    });
    await server.stop({ now: true });
    expect(seen().length).toBeGreaterThanOrEqual(2);
    expect(seen().filter(({ mode }) => (mode & 0o077) !== 0)).toEqual([]);
  });
});

/** Every mode in which a file of the folder was seen, whenever anything happened there. */
function watchModes(folder: string): () => readonly { readonly name: string; readonly mode: number }[] {
  const seen: { name: string; mode: number }[] = [];
  const watcher: FSWatcher = watch(folder, (_, name) => {
    if (name === null) return;
    const stats = lstatSync(join(folder, name), { throwIfNoEntry: false });
    if (stats !== undefined) seen.push({ name, mode: stats.mode & 0o777 });
  });
  onTestFinished(() => watcher.close());
  return () => seen;
}
