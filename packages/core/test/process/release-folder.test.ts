// The working directory of a generation: pinned with its entry, and named when it is gone.

import { promises as fs } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { folder, nextEvent, pidsOf, SPAWN, service, within } from "./support.ts";

const ENTRY = `export default ({ post, release }) => {
  post({ cwd: process.cwd(), folder: release.folder, pwd: process.env.PWD });
};`;

async function releases(): Promise<string> {
  const root = await fs.realpath(await folder({ "r1/app.mjs": ENTRY, "r2/app.mjs": ENTRY }));
  await fs.symlink("r1", join(root, "current"));
  return root;
}

async function move(root: string, release: string): Promise<void> {
  await fs.symlink(release, join(root, "next"));
  await fs.rename(join(root, "next"), join(root, "current"));
}

describe("the folder of a generation", () => {
  it.each([
    ["an absolute entry", (root: string) => ({ entry: join(root, "current/app.mjs") })],
    ["a relative entry", () => ({ entry: "app.mjs" })],
    ["a file: URL of the real path", (root: string) => ({ entry: new URL(`file://${root}/r1/app.mjs`) })],
  ])(
    "G65: createService with %s and a symlink as cwd: entry and folder move together",
    async (_, options) => {
      const root = await releases();
      const made = service({ ...options(root), cwd: join(root, "current"), workers: 1, minHealthyMs: 0 });
      const [first, second] = [join(root, "r1"), join(root, "r2")];
      const said = nextEvent(made, "worker:message");
      await within("start", made.start());
      expect((await said).payload).toMatchObject({ cwd: first, folder: first });
      await move(root, "r2");
      const deployed = nextEvent(made, "worker:message", ({ generation }) => generation === 2);
      const result = await within("restart", made.restart());
      expect((await deployed).payload).toMatchObject({ cwd: second, folder: second });
      expect(result).toMatchObject({
        unchanged: false,
        fromRelease: { entry: join(first, "app.mjs"), folder: first },
        toRelease: { entry: join(second, "app.mjs"), folder: second },
      });

      // Back to the first generation: its folder comes back with it.
      const back = nextEvent(made, "worker:message", ({ generation }) => generation === 3);
      await within("restart --to", made.restart({ to: 1 }));
      expect((await back).payload).toMatchObject({ cwd: first, folder: first });
      expect(made.stats().release).toMatchObject({ folder: first });
    },
  );

  it("G65: another entry that lies in a folder as ours lies in ours runs in that folder", async () => {
    const root = await releases();
    const made = service({ entry: "app.mjs", cwd: join(root, "r1"), workers: 1, minHealthyMs: 0 });
    await within("start", made.start());
    const { toRelease } = await within("restart", made.restart({ to: join(root, "r2/app.mjs") }));
    expect(toRelease).toMatchObject({ folder: join(root, "r2") });
    await within("a plain restart", made.restart());
    expect(made.stats().release).toMatchObject({ folder: join(root, "r2") });
  });

  const broken = [
    ["removed", async (path: string) => fs.rename(path, `${path}-away`), "does not exist any more"],
    [
      "replaced by a file",
      async (path: string) => {
        await fs.rename(path, `${path}-away`);
        await fs.writeFile(path, "");
      },
      "is no folder",
    ],
  ] as const;

  it.skipIf(SPAWN === "template").each(broken)(
    "G66: a folder that was %s is named by a respawn, and a restart to one that is there mends it",
    async (_, spoil, trouble) => {
      const root = await releases();
      const stderr = new PassThrough().resume();
      const made = service({
        entry: "app.mjs",
        cwd: join(root, "current"),
        workers: 1,
        minHealthyMs: 0,
        stderr,
      });
      await within("start", made.start());
      await spoil(join(root, "r1"));
      const failed = nextEvent(
        made,
        "worker:exited",
        ({ reason }) => reason?.code === "BROOD_RELEASE_NOT_FOUND",
      );
      for (const pid of pidsOf(made)) process.kill(pid, "SIGKILL");
      expect((await failed).reason?.message).toContain(
        `could not be started: its working directory ${join(root, "r1")} ${trouble}`,
      );
      await move(root, "r2");
      expect(await within("restart", made.restart())).toMatchObject({ result: "completed" });
    },
  );

  it("G66: a restart whose link leads nowhere names it, and touches no worker", async () => {
    const root = await releases();
    const made = service({ entry: "app.mjs", cwd: join(root, "current"), workers: 1 });
    await within("start", made.start());
    const before = pidsOf(made);
    await move(root, "r3");
    const result = await within("restart", made.restart());
    expect(result).toMatchObject({
      result: "failed",
      toRelease: null,
      reason: { code: "BROOD_RELEASE_NOT_FOUND", message: expect.stringContaining(join(root, "current")) },
    });
    expect(pidsOf(made)).toEqual(before);
  });

  it("an environment that is larger than the system takes is told as that", async () => {
    const root = await releases();
    const env = Object.fromEntries(
      Array.from({ length: 60 }, (_, index) => [`BIG_${index}`, "x".repeat(100_000)]),
    );
    const made = service({ entry: join(root, "r1/app.mjs"), workers: 1, env });
    await expect(within("start", made.start())).rejects.toMatchObject({
      code: "BROOD_SPAWN_FAILED",
      message: expect.stringContaining("arguments and environment are larger than the system takes"),
    });
  });
});
