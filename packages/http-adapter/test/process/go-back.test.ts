// Going back to an earlier release, with the command as a user runs it, and requests that arrive together.

import { promises as fs } from "node:fs";
import { join } from "node:path";
import { serve } from "@brood/http-adapter";
import { versionProbe } from "@brood/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { expressApp, startBrood, testFolder } from "../support/brood-server.ts";
import { SPAWN } from "../support/spawn.ts";
import { within } from "../support/within.ts";

const QUICK = ["-w", "2", "-l", "127.0.0.1:0", "--min-healthy", "100"] as const;

/** Points `current` at a release. */
async function link(folder: string, release: string): Promise<void> {
  await fs.symlink(release, join(folder, "next"));
  await fs.rename(join(folder, "next"), join(folder, "current"));
}

describe("brood restart --to", () => {
  it("C32: brings back an earlier generation's release under load, under a new number; a plain restart deploys again", async () => {
    const folder = await testFolder({ "r1/app.mjs": expressApp("1"), "r2/app.mjs": expressApp("2") });
    await link(folder, "r1");
    const server = await startBrood(folder, "current/app.mjs", ...QUICK);
    const probe = await versionProbe({ target: server.addresses[0] ?? "", clients: 4, newConnections: true });
    await link(folder, "r2");
    expect(await server.command("restart")).toMatchObject({ exitCode: 0 });

    const back = await server.command("restart", "--to", "1");
    expect(back).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("gen=2->3 replaced=2") });
    const backAtMs = Date.now();
    const stats = await server.stats();
    expect(stats).toMatchObject({ generation: 3, ready: 2, release: { entry: join(folder, "r1/app.mjs") } });
    expect(stats.generations.map(({ generation }) => generation)).toEqual([1, 2, 3]);

    expect(await server.command("restart")).toMatchObject({ exitCode: 0 });
    expect(await server.stats()).toMatchObject({ release: { entry: join(folder, "r2/app.mjs") } });
    const report = await probe.stop();
    expect(report.errorsByKind).toEqual({});
    expect(Object.keys(report.byVersion)).toEqual(["1", "2"]);
    expect(report.versions.find(({ version }) => version === "1")?.lastSentAtMs).toBeGreaterThan(
      backAtMs - 1,
    );
  });

  it("takes the path of another entry, relative to where the command runs", async () => {
    const folder = await testFolder({ "app.mjs": expressApp("1"), "hotfix/app.mjs": expressApp("9") });
    const server = await startBrood(folder, ...QUICK);
    expect(await server.command("restart", "--to", "hotfix/app.mjs")).toMatchObject({ exitCode: 0 });
    expect(await server.stats()).toMatchObject({ release: { entry: join(folder, "hotfix/app.mjs") } });
  });

  it("fails when the files of that generation were edited in place, and the newer code serves on", async () => {
    const folder = await testFolder({ "app.mjs": expressApp("1") });
    const server = await startBrood(folder, ...QUICK);
    await fs.writeFile(join(folder, "app.mjs"), expressApp("2 "));
    await server.command("restart");
    const back = await server.command("restart", "--to", "1");
    expect(back).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("BROOD_RELEASE_CHANGED") });
    expect(await server.stats()).toMatchObject({ generation: 2, ready: 2, state: "running" });
  });

  it("refuses a generation that nobody can go back to: one line, exit 2, no worker touched", async () => {
    const folder = await testFolder({ "app.mjs": expressApp("1") });
    const server = await startBrood(folder, ...QUICK);
    const refused = await server.command("restart", "--to", "7");
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toBe(
      "brood: option to: got 7, expected the path of an entry, or a generation that completed: one of 1\n",
    );
    expect(await server.stats()).toMatchObject({ generation: 1, counters: { spawned: 2 }, lastRoll: null });
  });
});

describe("requests that arrive together", () => {
  it("A6: a deploy and a scale in the same tick both happen, and each caller gets an answer", async () => {
    const folder = await testFolder({ "r1/app.mjs": expressApp("1"), "r2/app.mjs": expressApp("2") });
    const server = await serve({
      entry: join(folder, "r1/app.mjs"),
      workers: 2,
      spawn: SPAWN,
      listen: "127.0.0.1:0",
      minHealthyMs: 50,
    });
    onTestFinished(() => server.stop({ now: true }));
    const deploy = server.restart({ to: join(folder, "r2/app.mjs") });
    const [result] = await within("both", Promise.all([deploy, server.scale(4)]), undefined, 30_000);
    expect(result).toMatchObject({ result: "completed", to: 2 });
    const { workers, desired } = server.stats();
    expect(desired).toBe(4);
    expect(workers.map(({ generation, state }) => [generation, state])).toEqual(Array(4).fill([2, "ready"]));
  });
});

describe("the result of a failed restart", () => {
  it("C27: has code, message, slot, exit code, signal and the last 20 lines of stderr", async () => {
    const folder = await testFolder({
      "r1/app.mjs": expressApp("1"),
      "r2/app.mjs":
        "for (let line = 1; line <= 50; line += 1) console.error('line', line);\nprocess.exit(9);",
    });
    const entry = join(folder, "r1/app.mjs");
    const server = await serve({
      entry,
      workers: 1,
      spawn: SPAWN,
      listen: "127.0.0.1:0",
      minHealthyMs: 50,
    });
    onTestFinished(() => server.stop({ now: true }));
    const { result, reason } = await server.restart({ to: join(folder, "r2/app.mjs") });
    expect(result).toBe("failed");
    expect(reason).toMatchObject({ code: "BROOD_BOOT_FAILED", exitCode: 9, signal: null });
    // A template has no slot.
    expect(reason?.slot).toBe(SPAWN === "fresh" ? 0 : undefined);
    const who = SPAWN === "fresh" ? "worker=w2 slot=0 gen=2" : "template=t2 gen=2";
    expect(reason?.message.startsWith(`${who} exited with code 9 before it was ready`)).toBe(true);
    expect(reason?.stderr?.split("\n")).toEqual(Array.from({ length: 20 }, (_, at) => `line ${at + 31}`));
  });
});
