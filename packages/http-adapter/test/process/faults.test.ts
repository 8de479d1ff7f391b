// What must hold when things go wrong, with the command as a user runs it.

import { promises as fs } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { versionProbe } from "@brood/testing";
import { describe, expect, it } from "vitest";
import { brood, expressApp, startBrood, testFolder } from "../support/brood-server.ts";
import { seen } from "../support/look.ts";
import { runtimes } from "../support/spawn.ts";
import { within } from "../support/within.ts";

/** A process that is killed has no exit code; a thread that is terminated has 1. */
const BAD_RELEASES = runtimes().flatMap((runtime) => [
  [runtime, "throws", "throw new Error('no database');", "BROOD_BOOT_FAILED", "no database", 1] as const,
  [
    runtime,
    "hangs",
    "await new Promise(() => {});",
    "BROOD_BOOT_TIMEOUT",
    "",
    runtime === "process" ? null : 1,
  ] as const,
  [
    runtime,
    "exits",
    "console.error('bad config'); process.exit(7);",
    "BROOD_BOOT_FAILED",
    "bad config",
    7,
  ] as const,
]);

describe("a bad release", () => {
  it.each(BAD_RELEASES)(
    "C27, C29, 58: with runtime %s code that %s fails `brood restart` with the reason, drops nothing, and a good restart follows",
    async (runtime, _, code, reason, stderr, exitCode) => {
      const bootTimeoutMs = reason === "BROOD_BOOT_TIMEOUT" ? 5_000 : 60_000;
      const folder = await testFolder({ "app.mjs": expressApp("1") });
      const server = await startBrood(
        folder,
        "-w",
        "2",
        "-l",
        "127.0.0.1:0",
        "--boot-timeout",
        String(bootTimeoutMs),
        "--min-healthy",
        "100",
        "--runtime",
        runtime,
      );
      const probe = await versionProbe({
        target: server.addresses[0] ?? "",
        clients: 4,
        newConnections: true,
        pauseMs: 10,
      });
      await fs.writeFile(join(folder, "app.mjs"), code);
      const failed = await server.command("restart");
      expect(failed.exitCode).toBe(1);
      const shown = failed.stdout + failed.stderr;
      expect(shown).toContain(reason);
      expect(shown).toContain(stderr);
      if (exitCode !== null) expect(shown).toContain(String(exitCode));
      expect(await server.stats()).toMatchObject({
        generation: 1,
        ready: 2,
        state: "running",
        lastRoll: { result: "failed", reason: { code: reason, exitCode } },
      });
      const { lastRoll } = await server.stats();
      expect(lastRoll?.durationMs).toBeLessThan(bootTimeoutMs + 2_000);
      await fs.writeFile(join(folder, "app.mjs"), expressApp("3"));
      expect(await server.command("restart")).toMatchObject({ exitCode: 0 });
      const report = await probe.stop();
      expect(report.errorsByKind).toEqual({});
      expect(Object.keys(report.byVersion)).toEqual(["1", "3"]);
    },
  );
});

describe("a worker that is killed", () => {
  it("D38: SIGKILL under load: one replacement on the right generation, and only what that worker held is lost", async () => {
    const folder = await testFolder({ "app.mjs": expressApp("1") });
    const server = await startBrood(folder, "-w", "3", "-l", "127.0.0.1:0", "--min-healthy", "100");
    await server.command("restart");
    const clients = 6;
    const probe = await versionProbe({ target: server.addresses[0] ?? "", clients, newConnections: true });
    const before = await server.stats();
    const victim = before.workers[1];
    process.kill(victim?.pid ?? 0, "SIGKILL");
    await within("the replacement", replaced(server.stats, 3));
    const report = await probe.stop();
    expect(report.errors.length).toBeLessThanOrEqual(clients);
    for (const { kind } of report.errors) expect(["ECONNRESET", "parse"]).toContain(kind);
    const { workers, counters } = await server.stats();
    expect(workers.map(({ slot, generation }) => [slot, generation])).toEqual([
      [0, 2],
      [1, 2],
      [2, 2],
    ]);
    expect(counters).toMatchObject({ crashed: 1, spawned: before.counters.spawned + 1 });
  });
});

describe("a supervisor that is killed", () => {
  it("F50: its workers are gone within 5 s, and a new start binds TCP and unix cleanly at once", async () => {
    const folder = await testFolder({ "app.mjs": expressApp("1") });
    const socket = join(folder, "app.sock");
    const first = await startBrood(folder, "-w", "3", "-l", "127.0.0.1:0", "-l", `unix:${socket}`);
    const pids = (await first.stats()).workers.map(({ pid }) => pid ?? -1);
    const held = await holdRequest(first.addresses[0] ?? "");
    first.child.kill("SIGKILL");
    await first.ended();
    const port = new URL(first.addresses[0] ?? "").port;
    const second = await startBrood(folder, "-w", "2", "-l", `127.0.0.1:${port}`, "-l", `unix:${socket}`);
    const probes = await Promise.all(
      second.addresses.map((target) => versionProbe({ target, clients: 2, newConnections: true })),
    );
    for (const probe of probes) expect((await probe.stop()).errorsByKind).toEqual({});
    await within("the orphans' end", goneAll(pids), undefined, 5_000);
    held.destroy();
  });

  it("an address in use is one clear line and exit 2, and no worker is started", async () => {
    const blocker = net.createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => blocker.once("listening", resolve));
    const { port } = blocker.address() as net.AddressInfo;
    const folder = await testFolder({ "app.mjs": expressApp("1") });
    const end = await brood(
      ["start", "app.mjs", "-l", `127.0.0.1:${port}`, "--control", join(folder, "c.sock")],
      folder,
    );
    blocker.close();
    expect(end.exitCode).toBe(2);
    expect(end.stdout).toBe("");
    expect(end.stderr.trim().split("\n")).toHaveLength(1);
    expect(end.stderr).toContain(`127.0.0.1:${port}`);
  });
});

describe("a pinned release", () => {
  it("A10: a `current` symlink that moves without a restart changes nothing for a respawned worker", async () => {
    const folder = await testFolder({ "r1/app.mjs": expressApp("1"), "r2/app.mjs": expressApp("2") });
    await fs.symlink("r1", join(folder, "current"));
    const server = await startBrood(
      folder,
      "current/app.mjs",
      "-w",
      "2",
      "-l",
      "127.0.0.1:0",
      "--min-healthy",
      "100",
    );
    await fs.symlink("r2", join(folder, "next"));
    await fs.rename(join(folder, "next"), join(folder, "current"));
    for (const { pid } of (await server.stats()).workers) process.kill(pid ?? 0, "SIGKILL");
    await within("both replacements", replaced(server.stats, 2));
    expect(await versionsServed(server.addresses[0] ?? "")).toEqual(["1"]);
    expect(await server.command("restart")).toMatchObject({ exitCode: 0 });
    expect(await versionsServed(server.addresses[0] ?? "")).toEqual(["2"]);
  });
});

async function versionsServed(target: string): Promise<string[]> {
  const probe = await versionProbe({ target, clients: 8, newConnections: true });
  return Object.keys((await probe.stop()).byVersion);
}

/** Resolves when something crashed and `ready` workers are ready again. */
async function replaced(
  stats: () => Promise<{ readonly ready: number; readonly counters: { readonly crashed: number } }>,
  ready: number,
): Promise<void> {
  await seen(async () => {
    const now = await stats();
    return now.counters.crashed > 0 && now.ready === ready;
  });
}

/** Connects and sends half a request, so that a worker has something in flight when its supervisor dies. */
async function holdRequest(address: string): Promise<net.Socket> {
  const { hostname, port } = new URL(address);
  const socket = net.connect(Number(port), hostname).on("error", () => {});
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write("GET / HTTP/1.1\r\n");
  return socket;
}

async function goneAll(pids: readonly number[]): Promise<void> {
  for (const pid of pids) {
    await seen(async () => {
      const stat = await fs.readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
      return stat === null || stat.includes(") Z ");
    });
  }
}
