// How a thread can end without being asked, under load, with the command as a user runs it: one replacement, the reason,
// the process and the other threads untouched, and only what that thread held is lost.

import { readdirSync } from "node:fs";
import { versionProbe } from "@brood/testing";
import { describe, expect, it } from "vitest";
import { type BroodServer, brood, startBrood, testFolder } from "../support/brood-server.ts";
import { post } from "../support/control.ts";
import { seen } from "../support/look.ts";
import { within } from "../support/within.ts";

/** Memory is filled over many turns: a loop that never yields may take the process with it on Node 24 (docs/threads.md). */
const APP = `
import { execSync } from "node:child_process";
const faults = {
  "/throw": () => setImmediate(() => { throw new Error("thrown in a request"); }),
  "/reject": () => void Promise.reject(new Error("rejected in a request")),
  "/exit": () => process.exit(3),
  "/hang": () => { for (;;); },
  "/native": () => execSync("sleep 4"),
  "/oom": () => {
    const kept = [];
    setInterval(() => { for (let i = 0; i < 100; i += 1) kept.push(new Array(1_000).fill(Math.random())); }, 1);
  },
};
export default (request, response) => {
  const fault = faults[request.url];
  if (fault === undefined) response.end("1");
  else fault();
};`;

const CONFIG = JSON.stringify({ resourceLimits: { maxOldGenerationSizeMb: 64 } });

async function start(...args: readonly string[]): Promise<BroodServer> {
  const folder = await testFolder({ "app.mjs": APP, "brood.config.json": CONFIG });
  return startBrood(folder, "-w", "3", "-l", "127.0.0.1:0", "--runtime", "thread", ...args);
}

function urlOf(server: BroodServer, path: string): string {
  return `http://${(server.addresses[0] ?? "").replace("tcp://", "")}${path}`;
}

/** One descriptor a roll shows after a few; twenty with BROOD_TEST_ROWS=all. */
const ROLLS = process.env["BROOD_TEST_ROWS"] === "all" ? 20 : 8;

/** Resolves when a worker has ended unasked and all are ready again. */
async function replaced(server: BroodServer): Promise<void> {
  await seen(async () => {
    const { ready, counters } = await server.stats();
    return counters.exited > 0 && ready === 3;
  });
}

describe("a thread", () => {
  it.each([
    ["throws", "/throw", 1, "threw: thrown in a request"],
    ["rejects unheard", "/reject", 1, "threw: rejected in a request"],
    ["calls process.exit", "/exit", 3, "exited with code 3"],
    ["runs out of memory", "/oom", 1, "ran out of memory: its heap reached the limit of 64 MB"],
    ["hangs", "/hang", 1, "sent no heartbeat"],
    ["hangs in native code, until that returns,", "/native", 1, "sent no heartbeat"],
  ])(
    "that %s is replaced once, with its reason, and nobody else notices",
    async (_, path, exitCode, reason) => {
      const server = await start("--heartbeat-timeout", "1000", "--min-healthy", "0");
      const clients = 4;
      const probe = await versionProbe({ target: server.addresses[0] ?? "", clients, newConnections: true });
      const struck = fetch(urlOf(server, path)).catch((error: unknown) => error);
      await within("the replacement", replaced(server));
      expect(await struck).toBeInstanceOf(Error);
      const report = await probe.stop();
      expect(report.errors.length).toBeLessThanOrEqual(clients);
      const { counters, workers, pid } = await server.stats();
      expect(counters).toMatchObject({ spawned: 4, exited: 1 });
      expect(workers.map((each) => each.pid)).toEqual([pid, pid, pid]);
      expect(new Set(workers.map((each) => each.threadId)).size).toBe(3);
      const [line] = server.log().match(/.*worker:exited.*/) ?? [""];
      expect(line).toContain(`exitCode=${exitCode}`);
      expect(line).toContain(reason);
      expect(server.child.exitCode).toBeNull();
    },
  );

  it("that never drains is terminated at the deadline, and the roll goes on", async () => {
    const server = await start("--drain-timeout", "1500", "--min-healthy", "0");
    const struck = fetch(urlOf(server, "/hang")).catch((error: unknown) => error);
    const isTaken = async (): Promise<boolean> =>
      (await server.stats()).workers.some((each) => (each.lastHeartbeatAgoMs ?? 0) > 200);
    await within("the hang", seen(isTaken));
    expect(await server.command("restart")).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("replaced=3 killed=1"),
    });
    expect(await struck).toBeInstanceOf(Error);
  });

  it(`has its own figures, and ${ROLLS} rolls leave no descriptor behind`, async () => {
    const server = await start("--min-healthy", "0");
    await server.command("restart");
    const descriptors = (): number => readdirSync(`/proc/${server.pid}/fd`).length;
    const before = descriptors();
    for (let roll = 0; roll < ROLLS; roll += 1) {
      expect(await post(server.control, "/restart")).toMatchObject({ result: "completed" });
    }
    // The last request's connection may still be on its way out.
    await within(
      `${before} descriptors again`,
      seen(() => descriptors() <= before),
      () => String(descriptors()),
    );
    const stats = await server.stats();
    expect(stats).toMatchObject({ runtime: "thread", generation: ROLLS + 2, ready: 3 });
    for (const { rssBytes, eventLoopUtilization } of stats.workers) {
      expect(rssBytes).toBeGreaterThan(2 ** 20);
      expect(rssBytes).toBeLessThan(64 * 2 ** 20);
      expect(eventLoopUtilization).toBeLessThanOrEqual(1);
    }
  });
});

describe("what threads cannot have is refused by name", () => {
  it.each([[["--spawn", "template"], "option --spawn"]])("%j", async (args, message) => {
    const folder = await testFolder({ "app.mjs": APP });
    const end = await brood([`${folder}/app.mjs`, "--runtime", "thread", ...args], folder);
    expect(end).toMatchObject({ exitCode: 2, stdout: "" });
    expect(end.stderr).toContain(message);
  });
});
