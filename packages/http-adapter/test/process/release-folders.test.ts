// Release folders and a `current` symlink that moves, as people deploy: what a restart runs, in which folder, and what
// remains when an old release is removed.

import { promises as fs } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type BroodPlace, type BroodServer, startBroodIn } from "../support/brood-server.ts";
import { seen } from "../support/look.ts";
import { answerOf, placedApp, type ReleaseFolders, releaseFolders } from "../support/release-folders.ts";
import { rowsOf } from "../support/spawn.ts";
import { within } from "../support/within.ts";

const INDEX = fileURLToPath(new URL("../../dist/index.js", import.meta.url));
const BIN = fileURLToPath(new URL("../../bin/brood.js", import.meta.url));
const QUICK = ["-w", "2", "-l", "127.0.0.1:0", "--min-healthy", "50"] as const;

/** How workers come to be, as `brood` is told. */
const KINDS = [["fresh"], ["template"], ["thread"]] as const;
type Kind = (typeof KINDS)[number][0];

function flags(kind: Kind): readonly string[] {
  return kind === "thread" ? ["--spawn", "fresh", "--runtime", "thread"] : ["--spawn", kind];
}

interface Way {
  readonly name: string;
  /** Beside server.mjs in each release. */
  readonly files?: Readonly<Record<string, string>>;
  place(layout: ReleaseFolders): BroodPlace;
  entry(layout: ReleaseFolders): readonly string[];
}

/** As a shell has it after `cd current`. */
function inCurrent({ root, current }: ReleaseFolders): BroodPlace {
  return { folder: root, cwd: current, env: { PWD: current } };
}

/** As a service manager has it: nothing says by which way it came there. */
function withoutPwd({ root, current }: ReleaseFolders): BroodPlace {
  return { folder: root, cwd: current, env: { PWD: undefined } };
}

const MANIFEST = JSON.stringify({
  name: "placed",
  scripts: { start: `node ${BIN}` },
  bin: { brood: "brood.mjs" },
});

/** A program of one's own that serves; the flags are the command's. */
function program(entry: string): string {
  return `import { join } from "node:path";
import { serve } from ${JSON.stringify(INDEX)};
const args = process.argv.slice(2);
const option = (flag, other) => (args.includes(flag) ? args[args.lastIndexOf(flag) + 1] : other);
const [spawn, runtime] = [option("--spawn"), option("--runtime", "process")];
const common = { workers: 2, listen: "127.0.0.1:0", minHealthyMs: 50, spawn, runtime, control: option("--control") };
const server = await serve({ entry: ${entry}, ...common });
process.on("SIGQUIT", () => server.stop({ now: true }));
console.log("brood ready pid=" + process.pid + " listen=" + server.addresses.join(","));
`;
}

function embedding(name: string, entry: string): Way {
  return {
    name: `an embedding program, ${name}`,
    files: { "program.mjs": program(entry) },
    place: (layout) => ({
      ...inCurrent(layout),
      through: ([node = "", , ...args]) => [node, "program.mjs", ...args],
    }),
    entry: () => [],
  };
}

const WAYS: readonly Way[] = [
  embedding("a relative entry", '"./server.mjs"'),
  embedding("an absolute entry", 'join(process.env.PWD, "server.mjs")'),
  embedding("an entry beside itself", 'new URL("./server.mjs", import.meta.url)'),
  { name: "brood server.mjs", place: inCurrent, entry: () => ["server.mjs"] },
  {
    name: "brood $PWD/server.mjs, $PWD not set",
    place: withoutPwd,
    entry: ({ current }) => [join(current, "server.mjs")],
  },
  {
    name: "a configuration file in current",
    files: { "brood.config.mjs": 'export default { entry: "./server.mjs" };\n' },
    place: inCurrent,
    entry: () => [],
  },
  {
    name: "--config of current, $PWD not set",
    files: { "brood.config.mjs": 'export default { entry: "./server.mjs" };\n' },
    place: withoutPwd,
    entry: ({ current }) => ["--config", join(current, "brood.config.mjs")],
  },
  {
    name: "--config of current, run from /",
    files: { "brood.config.json": '{ "entry": "./server.mjs" }' },
    place: ({ root }) => ({ folder: root, cwd: "/", env: { PWD: "/" } }),
    entry: ({ current }) => ["--config", join(current, "brood.config.json")],
  },
  {
    name: "--cwd current",
    place: ({ root }) => ({ folder: root, cwd: root, env: { PWD: root } }),
    entry: () => ["server.mjs", "--cwd", "current"],
  },
  {
    name: "npm start",
    files: { "package.json": MANIFEST },
    place: (layout) => ({
      ...inCurrent(layout),
      through: ([, , ...args]) => ["npm", "start", "--", ...args],
    }),
    entry: () => ["server.mjs"],
  },
  {
    name: "npm --prefix current start",
    files: { "package.json": MANIFEST },
    place: ({ root, current }) => ({
      folder: root,
      cwd: root,
      env: { PWD: root },
      through: ([, , ...args]) => ["npm", "--prefix", current, "start", "--", ...args],
    }),
    entry: () => ["server.mjs"],
  },
  {
    name: "npx brood",
    files: { "package.json": MANIFEST, "node_modules/.bin/brood": `#!/bin/sh\nexec node ${BIN} "$@"\n` },
    place: (layout) => ({
      ...inCurrent(layout),
      through: ([, , ...args]) => ["npx", "--no", "brood", ...args],
    }),
    entry: () => ["server.mjs"],
  },
];

async function started(way: Way, kind: Kind): Promise<{ layout: ReleaseFolders; server: BroodServer }> {
  const layout = await releaseFolders([placedApp("1"), placedApp("2")], way.files);
  for (const release of [1, 2])
    await fs.chmod(join(layout.of(release), "node_modules/.bin/brood"), 0o755).catch(() => undefined);
  const server = await startBroodIn(way.place(layout), ...way.entry(layout), ...QUICK, ...flags(kind));
  return { layout, server };
}

const ROWS = WAYS.flatMap((way) => KINDS.map(([kind]) => ({ way: way.name, kind, row: way }))).filter(
  // A host's own working directory is never changed, and without one Node starts no thread.
  ({ way, kind }) => !(way.startsWith("an embedding") && kind === "thread"),
);

describe("release folders and a symlink that moves", () => {
  const rows = rowsOf(
    ROWS,
    ({ way, kind }) =>
      way === "brood server.mjs" || (/npm --prefix|beside itself|run from/.test(way) && kind === "fresh"),
    "release folders: every way to start x every kind of worker",
  );

  it.each(rows)(
    "G65, G66: $way, $kind: a restart runs the release that the link names now, in its own folder, and needs none that is gone",
    async ({ row, kind }) => {
      const { layout, server } = await started(row, kind);
      const address = server.addresses[0] ?? "";
      const [first, second] = [layout.of(1), layout.of(2)];
      expect(await answerOf(address)).toEqual({ version: "1", cwd: first, views: join(first, "views") });

      await layout.move(2);
      const deployed = await server.command("restart");
      expect(deployed.stdout).toContain(`old release entry=${join(first, "server.mjs")} `);
      expect(deployed.stdout).toContain(`new release entry=${join(second, "server.mjs")} `);
      expect(deployed.stdout).toContain(` folder=${second} fingerprint=`);
      expect(deployed.stdout).not.toContain("unchanged");
      const placed = { version: "2", cwd: second, views: join(second, "views") };
      expect(await answerOf(address)).toEqual(placed);
      const { release } = await server.stats();
      expect(release).toMatchObject({ entry: join(second, "server.mjs"), folder: second });

      // The link moves back without a restart: a respawn stays with its generation.
      await layout.move(1);
      await killOne(server);
      expect(await answerOf(address)).toEqual(placed);

      // The release in which the server itself was started is removed: nothing needs it any more.
      await layout.move(2);
      await fs.rm(first, { recursive: true });
      await killOne(server);
      const again = await server.command("restart");
      expect(again).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^unchanged: /m) });
      expect(await answerOf(address)).toEqual(placed);
    },
  );
});

/** One worker ends unasked; resolves when its slot is filled again. */
async function killOne(server: BroodServer): Promise<void> {
  const { workers, runtime, counters } = await server.stats();
  if (runtime === "thread") return;
  process.kill(workers[0]?.pid ?? 0, "SIGKILL");
  const filled = seen(async () => {
    const now = await server.stats();
    return now.counters.crashed > counters.crashed && now.ready === now.desired;
  });
  await within("the slot is filled again", filled, server.log, 20_000);
}
