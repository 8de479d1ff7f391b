// What becomes of a service when its template dies, hangs, is broken or cannot be had: real processes, real signals.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { promises as fs, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Service } from "@brood/core";
import { describe, expect, it } from "vitest";
import { folder, gone, nextEvent, pidsOf, service, within } from "../support.ts";

const app = (version: string, more = ""): string => `import { readFileSync } from "node:fs";
${more}
export default ({ post, generation, slot }) => {
  post({ version: "${version}", generation });
  return { message: (m) => { if (m === "exit") process.exit(5); if (m === "spin") for (;;); } };
};
`;

async function running(files: Record<string, string>, options: Partial<Parameters<typeof service>[0]> = {}) {
  const path = await folder(files);
  const made = service({ entry: join(path, "app.mjs"), spawn: "template", workers: 2, ...options });
  await within("start", made.start());
  return { made, path };
}

const templatePid = (made: Service): number => made.stats().template?.pid ?? -1;

/** Resolves with the version that the next worker to come up tells. */
async function nextVersion(made: Service): Promise<unknown> {
  return (await nextEvent(made, "worker:message")).payload;
}

describe("templates that fail", () => {
  it("B15: one that dies idle loses nobody; it is built again, and a spawn meanwhile falls back to a fresh process", async () => {
    const { made } = await running({ "app.mjs": app("1") });
    const before = pidsOf(made);
    const first = templatePid(made);
    const ready = nextEvent(made, "template:ready");
    const exited = nextEvent(made, "template:exited");
    process.kill(first, "SIGKILL");
    await exited;
    const respawned = nextVersion(made);
    process.kill(before[0] ?? -1, "SIGKILL");
    expect(await respawned).toEqual({ version: "1", generation: 1 });
    await ready;
    expect(made.stats().counters).toMatchObject({ fallbacks: 1, killed: 0 });
    expect(pidsOf(made)).toContain(before[1]);
    expect(templatePid(made)).not.toBe(first);
    const exitedWorker = nextEvent(made, "worker:exited", (event) => event.pid === before[1]);
    process.kill(before[1] ?? -1, "SIGKILL");
    // Its parent is gone, and the kernel still tells how it ended.
    expect(await exitedWorker).toMatchObject({ signal: "SIGKILL" });
  });

  it("B15: with fallback wait, every worker is a forked one", async () => {
    const { made } = await running({ "app.mjs": app("1") }, { template: { fallback: "wait" } });
    const [worker = -1] = pidsOf(made);
    const exited = nextEvent(made, "template:exited");
    process.kill(templatePid(made), "SIGKILL");
    await exited;
    const ready = nextEvent(made, "worker:ready");
    process.kill(worker, "SIGKILL");
    await ready;
    expect(made.stats().counters.fallbacks).toBe(0);
  });

  it("B13, B14: one that dies while it is told to fork leaves no slot empty", async () => {
    const { made } = await running({ "app.mjs": app("1") }, { workers: 4 });
    for (let round = 0; round < 5; round += 1) {
      if (made.stats().template?.state !== "ready") await nextEvent(made, "template:ready");
      const victims = pidsOf(made);
      const exits = victims.map((pid) => nextEvent(made, "worker:exited", (event) => event.pid === pid));
      const template = templatePid(made);
      for (const pid of victims) process.kill(pid, "SIGKILL");
      await exits[0];
      process.kill(template, "SIGKILL");
      await Promise.all(exits);
      await within("four ready", allReady(made, 4));
    }
    expect(made.stats().workers.map(({ slot }) => slot)).toEqual([0, 1, 2, 3]);
  });

  it("B17: one that hangs is found by its silence, killed and built again; its workers serve on", async () => {
    const { made } = await running({ "app.mjs": app("1") }, { heartbeatTimeoutMs: 1_000 });
    const before = pidsOf(made);
    const exited = nextEvent(made, "template:exited");
    process.kill(templatePid(made), "SIGSTOP");
    expect(await exited).toMatchObject({ signal: "SIGKILL", reason: { code: "BROOD_HEARTBEAT_TIMEOUT" } });
    if (made.stats().template?.state !== "ready") await nextEvent(made, "template:ready");
    expect(pidsOf(made)).toEqual(before);
  });

  it("B16, B18: one that hangs or throws while it loads fails the roll; the old generation is untouched", async () => {
    const { made, path } = await running({ "app.mjs": app("1") }, { bootTimeoutMs: 5_000 });
    const before = pidsOf(made);
    await fs.writeFile(join(path, "app.mjs"), "await new Promise(() => setInterval(() => {}, 1000));");
    expect(await within("roll", made.restart())).toMatchObject({
      result: "failed",
      replaced: 0,
      reason: { code: "BROOD_BOOT_TIMEOUT" },
    });
    await fs.writeFile(join(path, "app.mjs"), 'throw new Error("cannot load");');
    const failed = await within("roll", made.restart());
    expect(failed).toMatchObject({ result: "failed", reason: { code: "BROOD_BOOT_FAILED", exitCode: 1 } });
    expect(failed.reason?.stderr).toContain("cannot load");
    expect(pidsOf(made)).toEqual(before);
    expect(made.stats()).toMatchObject({
      generation: 1,
      state: "running",
      template: { generation: 1, state: "ready" },
    });
  });

  it("A2, A3: workers come from the template of their generation, also the one that dies in the middle of a roll", async () => {
    const { made, path } = await running({ "app.mjs": app("1") }, { workers: 4, maxSurge: 1 });
    const seen: unknown[] = [];
    made.on("worker:message", ({ payload }) => void seen.push(payload));
    await fs.writeFile(join(path, "app.mjs"), app("2"));
    made.once("template:ready", () => {
      // While the new template forks, one of the old slots dies.
      process.kill(pidsOf(made)[3] ?? -1, "SIGKILL");
    });
    expect(await within("roll", made.restart())).toMatchObject({ result: "completed", replaced: 4 });
    for (const each of seen as { version: string; generation: number }[])
      expect(each.version).toBe(String(each.generation));
    expect(made.stats().workers.map(({ generation }) => generation)).toEqual([2, 2, 2, 2]);
  });

  it("C31: goes back to the last good generation from its living template, though its files are gone", async () => {
    const { made, path } = await running({ "app.mjs": app("1") }, { maxFailures: 1, minHealthyMs: 300 });
    const broken = app("2", "if (false) throw 0;").replace(
      "post({",
      "if (slot === 1) process.exit(9); post({",
    );
    await fs.writeFile(join(path, "app.mjs"), broken);
    const seen: unknown[] = [];
    made.on("worker:message", ({ payload }) => void seen.push(payload));
    made.once("worker:ready", () => void fs.rm(join(path, "app.mjs")));
    expect(await within("roll", made.restart())).toMatchObject({
      result: "failed",
      reason: { slot: 1, exitCode: 9 },
    });
    expect(made.stats()).toMatchObject({ generation: 1, ready: 2 });
    expect(seen.at(-1)).toEqual({ version: "1", generation: 1 });
    expect(made.stats().counters.fallbacks).toBe(0);
  });

  it("B21: one whose workers crash one after the other is thrown away and built again", async () => {
    // Its memory is corrupt, not its files: what it loaded first makes every worker crash.
    const corrupt = `import { existsSync, writeFileSync } from "node:fs";
const marker = new URL("./loaded-once", import.meta.url);
const isFirst = existsSync(new URL("./corrupt", import.meta.url)) && !existsSync(marker);
if (isFirst) writeFileSync(marker, "");
export default ({ post }) => { if (isFirst) process.exit(6); post("up"); };
`;
    const { made, path } = await running(
      { "app.mjs": corrupt },
      { template: { fallback: "wait" }, minHealthyMs: 300 },
    );
    await fs.writeFile(join(path, "corrupt"), "");
    const rebuilt = nextEvent(made, "template:ready");
    process.kill(templatePid(made), "SIGKILL");
    await rebuilt;
    const discarded = nextEvent(
      made,
      "template:exited",
      ({ reason }) => reason?.code === "BROOD_TEMPLATE_DISCARDED",
    );
    process.kill(pidsOf(made)[0] ?? -1, "SIGKILL");
    await discarded;
    await within("two ready", allReady(made, 2));
  });

  it("B19: a fork that the system refuses is tried again, with back-off, and nothing is lost", async () => {
    const { made } = await running({ "app.mjs": app("1") });
    const template = templatePid(made);
    // Room for a part of what comes with the order, and for all of it (link, lifeline, stderr) and not for what forking needs.
    for (const room of [1, 3]) {
      await limitDescriptors(template, room);
      const refused = nextEvent(made, "worker:exited", ({ reason }) => reason?.code === "BROOD_SPAWN_FAILED");
      process.kill(pidsOf(made)[0] ?? -1, "SIGKILL");
      expect((await refused).reason?.message).toContain("EMFILE");
      await limitDescriptors(template, 1_000);
      await within("two ready", allReady(made, 2));
    }
    expect(templatePid(made)).toBe(template);
  });

  it("B23: a stop ends a template that is still loading at once", async () => {
    const path = await folder({ "app.mjs": "await new Promise(() => setInterval(() => {}, 1000));" });
    const made = service({ entry: join(path, "app.mjs"), spawn: "template", workers: 2 });
    const spawned = nextEvent(made, "template:spawned");
    const started = made.start().catch((error: unknown) => error);
    await spawned;
    await within("stop", made.stop(), 5_000);
    expect(await started).toMatchObject({ code: "BROOD_ROLL_STOPPED" });
  });

  it("F50: when the supervisor is killed, the template and its workers are gone within 5 s, one that spins included", async () => {
    const path = await folder({ "app.mjs": app("1") });
    const host = spawn(
      process.execPath,
      [
        fileURLToPath(new URL("../../fixtures/template/supervisor.mjs", import.meta.url)),
        join(path, "app.mjs"),
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const [line] = await within("the supervisor's line", once(host.stdout, "data"));
    const pids = JSON.parse(String(line)) as number[];
    expect(pids.length).toBe(4);
    host.kill("SIGKILL");
    for (const pid of pids) await gone(pid, 5_000);
  });

  it("63: leaves the host's own children, signal handlers and SIGCHLD alone", async () => {
    const own = spawn("sleep", ["30"], { stdio: "ignore" });
    const handlers = process.listenerCount("SIGTERM") + process.listenerCount("SIGCHLD");
    const { made } = await running({ "app.mjs": app("1") });
    for (const pid of pidsOf(made)) process.kill(pid, "SIGKILL");
    await nextEvent(made, "worker:ready");
    await within("stop", made.stop());
    expect([own.exitCode, own.signalCode]).toEqual([null, null]);
    expect(process.listenerCount("SIGTERM") + process.listenerCount("SIGCHLD")).toBe(handlers);
    const exited = once(own, "exit");
    own.kill("SIGTERM");
    expect(await within("its own child", exited)).toEqual([null, "SIGTERM"]);
    expect(zombiesOf(process.pid)).toBe(0);
  });
});

async function allReady(made: Service, count: number): Promise<void> {
  while (made.stats().ready < count) await nextEvent(made, "worker:ready");
}

/** Leaves the process so many free descriptors. */
async function limitDescriptors(pid: number, free: number): Promise<void> {
  const used = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  let limit = 0;
  for (let left = free; left > 0; limit += 1) if (!used.has(limit)) left -= 1;
  const child = spawn("prlimit", ["--pid", String(pid), `--nofile=${limit}:`], { stdio: "inherit" });
  await once(child, "exit");
}

function zombiesOf(parent: number): number {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const [, state, ppid] = /\) (\S) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
      return state === "Z" && Number(ppid) === parent;
    } catch {
      return false;
    }
  }).length;
}
