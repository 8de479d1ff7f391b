// Applications that write beside their code: what they write is neither a new release nor a reason against an old one.

import { promises as fs } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type BroodServer, startBroodIn } from "../support/brood-server.ts";
import { answerOf, placedApp, type ReleaseFolders, releaseFolders } from "../support/release-folders.ts";
import { rowsOf } from "../support/spawn.ts";

/** Each worker, and each request, writes a database, a log and an upload into the release's folder. */
const WRITES = `
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
const here = (name) => new URL(name, import.meta.url);
mkdirSync(here("uploads"), { recursive: true });
export function onWorkerBoot() {
  writeFileSync(here("db.json"), JSON.stringify({ writtenBy: process.pid, at: performance.now() }));
  appendFileSync(here("app.log"), process.pid + "\\n");
  writeFileSync(here("uploads/" + process.pid + ".js"), "an upload");
}`;

/** Its second worker cannot boot. */
const SECOND_FAILS = `
import { mkdirSync } from "node:fs";
export function onWorkerBoot() {
  try {
    mkdirSync(new URL("first-worker", import.meta.url));
  } catch {
    throw new Error("the second worker");
  }
}`;

const KINDS = [
  { kind: "fresh", flags: ["--spawn", "fresh"] },
  { kind: "template", flags: ["--spawn", "template"] },
  { kind: "thread", flags: ["--spawn", "fresh", "--runtime", "thread"] },
];
const ROWS = [{ manifest: "no package.json" }, { manifest: "a package.json" }].flatMap(({ manifest }) =>
  KINDS.map((row) => ({ ...row, manifest })),
);

describe("an application that writes beside its code", () => {
  const rows = rowsOf(
    ROWS,
    ({ manifest }) => manifest === "a package.json",
    "releases without a package.json",
  );

  it.each(rows)(
    "G67: $kind, $manifest: a release that fails at its second worker gives way to the one before it, and data is nothing new",
    async ({ flags, manifest }) => {
      const files: Readonly<Record<string, string>> =
        manifest === "a package.json" ? { "package.json": '{ "name": "writes" }' } : {};
      const layout = await releaseFolders([placedApp("1", WRITES), placedApp("2", SECOND_FAILS)], files);
      const server = await started(layout, flags);
      const again = JSON.parse((await server.command("restart", "--json")).stdout);
      expect(again).toMatchObject({ result: "completed", unchanged: true });

      await layout.move(2);
      const failed = await server.command("restart");
      expect(failed).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("the second worker") });
      const { generation, ready, workers, release, lastRoll } = await server.stats();
      expect({ generation, ready, release }).toMatchObject({
        generation: 2,
        ready: 2,
        release: { folder: layout.of(1) },
      });
      expect(workers.map((each) => [each.generation, each.releaseChanged])).toEqual([
        [2, false],
        [2, false],
      ]);
      expect(lastRoll).toMatchObject({ result: "failed", toRelease: { folder: layout.of(2) } });
      const answers = await Promise.all([1, 2, 3].map(() => answerOf(server.addresses[0] ?? "")));
      expect(new Set(answers.map(({ version, cwd }) => `${version} ${cwd}`))).toEqual(
        new Set([`1 ${layout.of(1)}`]),
      );
    },
  );

  it("G67: a restart back to a generation is refused when its code changed, not when its data did", async () => {
    const more = { "package.json": '{ "name": "writes" }', "lib/part.mjs": "export default 1;" };
    const layout = await releaseFolders([placedApp("1", WRITES), placedApp("2")], more);
    const server = await started(layout, ["--spawn", "fresh"]);
    await layout.move(2);
    expect(await server.command("restart")).toMatchObject({ exitCode: 0 });
    expect(await server.command("restart", "--to", "1")).toMatchObject({ exitCode: 0 });
    expect(await answerOf(server.addresses[0] ?? "")).toMatchObject({ version: "1", cwd: layout.of(1) });
    expect(await server.command("restart", "--to", "2")).toMatchObject({ exitCode: 0 });

    await fs.writeFile(join(layout.of(1), "lib/part.mjs"), "export default 2;");
    const before = await server.stats();
    const refused = await server.command("restart", "--to", "1");
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("BROOD_RELEASE_CHANGED") });
    const { counters } = await server.stats();
    expect(counters.spawned).toBe(before.counters.spawned);
  });
});

function started({ root, current }: ReleaseFolders, flags: readonly string[]): Promise<BroodServer> {
  const place = { folder: root, cwd: current, env: { PWD: current } };
  // Nobody boots ahead of the canary then: it has taken a slot when the second worker fails.
  const roll = ["--min-healthy", "0", "--max-failures", "1", "--max-surge", "1"];
  return startBroodIn(place, "server.mjs", "-w", "2", "-l", "127.0.0.1:0", ...roll, ...flags);
}
