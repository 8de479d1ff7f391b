// What a service makes of releases: bad ones, moved ones, and ones that are edited in place.
import { promises as fs } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { folder, nextEvent, pidsOf, release, SPAWN, service, VERSION_ENTRY, within } from "./support.ts";

/** Where bad code fails first: in a slot, or in the template, which has none. */
const FIRST_TRY = SPAWN === "fresh" ? { slot: 0 } : {};

describe("releases of a service of real processes", () => {
  it.each([
    ["throws", "throw new Error('no database');", "BROOD_BOOT_FAILED", 1, "no database"],
    ["exits", "console.error('bad config'); process.exit(9);", "BROOD_BOOT_FAILED", 9, "bad config"],
    [
      "hangs",
      "console.error('waiting'); await new Promise(() => {});",
      "BROOD_BOOT_TIMEOUT",
      null,
      "waiting",
    ],
    [
      "throws later",
      "setImmediate(() => { throw new Error('async boom') }); await new Promise(() => {});",
      "BROOD_BOOT_FAILED",
      1,
      "async boom",
    ],
    ["exports nothing to run", "export default 42;", "BROOD_BOOT_FAILED", 1, "expected a function"],
  ])(
    "C27, C29: a release that %s fails the restart with the reason; the old one serves on, and a good one follows",
    async (_, code, reason, exitCode, stderr) => {
      const path = await release("1");
      const stderrOut = new PassThrough().resume();
      const made = service({
        entry: join(path, "app.mjs"),
        workers: 2,
        bootTimeoutMs: 2_000,
        stderr: stderrOut,
      });
      await within("start", made.start());
      const before = pidsOf(made);
      await fs.writeFile(join(path, "bad.mjs"), code);
      const result = await within("restart", made.restart({ entry: join(path, "bad.mjs") }));
      expect(result).toMatchObject({
        result: "failed",
        replaced: 0,
        reason: { code: reason, ...FIRST_TRY, exitCode },
      });
      expect(result.reason?.stderr).toContain(stderr);
      expect(pidsOf(made)).toEqual(before);
      expect(made.stats()).toMatchObject({
        generation: 1,
        state: "running",
        ready: 2,
        lastRoll: { result: "failed" },
      });
      expect(await within("good restart", made.restart())).toMatchObject({
        result: "completed",
        from: 1,
        to: 3,
      });
    },
  );

  it("A10: a release is pinned; a symlink that moves is seen by a restart and by nothing else", async () => {
    const root = await folder({
      "r1/app.mjs": VERSION_ENTRY,
      "r1/VERSION": "1",
      "r2/app.mjs": VERSION_ENTRY,
      "r2/VERSION": "2",
    });
    await fs.symlink("r1", join(root, "current"));
    const made = service({ entry: join(root, "current/app.mjs"), workers: 1 });
    await within("start", made.start());
    await fs.symlink("r2", join(root, "next"));
    await fs.rename(join(root, "next"), join(root, "current"));
    const respawned = nextEvent(made, "worker:message");
    for (const pid of pidsOf(made)) process.kill(pid, "SIGKILL");
    expect((await respawned).payload).toMatchObject({ version: "1", generation: 1 });
    const deployed = nextEvent(made, "worker:message", ({ generation }) => generation === 2);
    await within("restart", made.restart());
    expect((await deployed).payload).toMatchObject({ version: "2", generation: 2 });
  });

  it("A9: a respawn that finds other files than its generation pinned says so", async () => {
    const path = await release("1");
    const made = service({ entry: join(path, "app.mjs"), workers: 1 });
    await within("start", made.start());
    await fs.writeFile(join(path, "app.mjs"), `${VERSION_ENTRY}\n// edited in place\n`);
    const respawned = nextEvent(made, "worker:ready");
    for (const pid of pidsOf(made)) process.kill(pid, "SIGKILL");
    await respawned;
    // A template has the code that it has loaded, whatever lies on disk.
    expect(made.stats().workers[0]).toMatchObject({ generation: 1, releaseChanged: SPAWN === "fresh" });
  });
});
