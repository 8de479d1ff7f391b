// Which files are the release, and what a fingerprint says of them.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { codeFilesOf } from "../../src/release/code-files.ts";
import { fingerprintOf } from "../../src/release/fingerprint.ts";
import { ReleaseResolver } from "../../src/release/release-resolver.ts";
import { foundRelease } from "../../src/release/stamps.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function put(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

function release(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "brood-code-"));
  folders.push(folder);
  put(folder, files);
  return folder;
}

const PACKAGE = { "package.json": '{"name":"app","version":"1.2.3"}', "server.mjs": "1" };

async function filesOf(folder: string, entry = "server.mjs"): Promise<string[]> {
  const { files } = await codeFilesOf(join(folder, entry));
  return files.map((file) => relative(folder, file));
}

async function fingerprint(folder: string, entry = "server.mjs"): Promise<string> {
  const { root, files } = await codeFilesOf(join(folder, entry));
  return (await fingerprintOf(root, files)).fingerprint;
}

describe("the files of a release", () => {
  it("G67: are the package's code, its package.json and lock file, and no data", async () => {
    const code = {
      "lib/a.ts": "",
      "lib/b.cjs": "",
      "native/c.node": "",
      "d.wasm": "",
      "data/index.js": "",
      "log/index.js": "",
    };
    const folder = release({
      ...PACKAGE,
      ...code,
      "package-lock.json": "{}",
      ...{
        "db.json": "{}",
        "lib/config.json": "{}",
        "app.log": "",
        "views/index.html": "",
        ".env": "",
        "a.sqlite": "",
      },
      ...{
        "logs/x.js": "",
        "tmp/x.js": "",
        "uploads/x.js": "",
        "node_modules/y/index.js": "",
        ".next/x.js": "",
      },
      ...{ "vendor/other/package.json": '{"name":"other"}', "vendor/other/index.js": "" },
      "brood.config.mjs": "",
    });
    expect(await filesOf(folder)).toEqual(
      [...Object.keys(code), "package.json", "package-lock.json", "server.mjs"].sort(),
    );
  });

  it("take in a folder whose package.json only names the kind of its modules, and the packages of a workspace", async () => {
    const dist = { "dist/cjs/package.json": '{"type":"commonjs"}', "dist/cjs/index.js": "" };
    expect(await filesOf(release({ ...PACKAGE, ...dist }))).toContain("dist/cjs/index.js");
    const member = { "packages/a/package.json": '{"name":"a"}', "packages/a/index.js": "" };
    expect(await filesOf(release({ ...PACKAGE, ...member }))).not.toContain("packages/a/index.js");
    const workspaces = {
      ...PACKAGE,
      ...member,
      "package.json": '{"name":"app","workspaces":["packages/*"]}',
    };
    expect(await filesOf(release(workspaces))).toContain("packages/a/index.js");
    expect(await filesOf(release({ ...PACKAGE, ...member, "pnpm-workspace.yaml": "" }))).toContain(
      "packages/a/index.js",
    );
  });

  it("know the lock file of the workspace above their package", async () => {
    const folder = release({
      "yarn.lock": "",
      "packages/app/package.json": "{}",
      "packages/app/server.mjs": "",
    });
    expect(await filesOf(folder, "packages/app/server.mjs")).toContain("yarn.lock");
  });

  it("follow no symlink to a folder, and end where one leads in a circle", async () => {
    const folder = release(PACKAGE);
    const shared = release({ "x.js": "" });
    symlinkSync(shared, join(folder, "shared"));
    symlinkSync(".", join(folder, "circle"));
    symlinkSync("circle.js", join(folder, "circle.js"));
    symlinkSync(join(shared, "x.js"), join(folder, "linked.js"));
    expect(await filesOf(folder)).toEqual(["linked.js", "package.json", "server.mjs"]);
  });

  it("without a package are what the entry imports, and nothing that lies beside it", async () => {
    const folder = release({
      "server.mjs":
        'import "./a.mjs"; import { x } from "./lib/b.js"; await import(`./c.mjs`); import d from "./d.json";',
      "a.mjs": "require('./deep/e')",
      "lib/b.js": 'export * from "../a.mjs"; export * from "./missing.js"',
      "c.mjs": "",
      "d.json": "{}",
      "deep/e.cjs": "",
      "stranger.js": "",
    });
    expect(await filesOf(folder)).toEqual(["a.mjs", "c.mjs", "deep/e.cjs", "lib/b.js", "server.mjs"].sort());
  });

  it("are not all of a home folder or the temporary one, whose package.json nobody meant", async () => {
    const home = release({ "package.json": "{}", "server.mjs": "", "other/app.js": "" });
    const before = process.env["HOME"];
    process.env["HOME"] = join(home);
    try {
      expect(homedir()).toBe(home);
      expect(await filesOf(home)).toEqual(["server.mjs"]);
      process.env["HOME"] = join(home, "user");
      expect(await filesOf(home)).toEqual(["server.mjs"]);
    } finally {
      process.env["HOME"] = before;
    }
  });

  it("say it when there are too many", async () => {
    const names = Array.from({ length: 5_010 }, (_, index) => [`src/${index}.js`, ""]);
    const folder = release({ ...PACKAGE, ...Object.fromEntries(names) });
    const said: string[] = [];
    const entry = join(folder, "server.mjs");
    const found = await new ReleaseResolver((message) => said.push(message)).resolve({ entry, folder });
    expect(found).toMatchObject({ isTruncated: true, version: "1.2.3" });
    expect(said).toEqual([expect.stringMatching(/is of 50\d\d code files, and there are more/)]);
  }, 60_000);
});

describe("a fingerprint", () => {
  it("is the same for the same code, wherever and whenever it was copied", async () => {
    const [one, two] = [release(PACKAGE), release(PACKAGE)];
    utimesSync(join(two, "server.mjs"), 1, 1);
    expect(await fingerprint(one)).toMatch(/^[0-9a-f]{16}$/);
    expect(await fingerprint(two)).toBe(await fingerprint(one));
    put(two, { "server.mjs": "2" });
    expect(await fingerprint(two)).not.toBe(await fingerprint(one));
  });

  it("G67: does not see data that is written beside the code, nor video segments named .ts", async () => {
    const folder = release(PACKAGE);
    const before = await fingerprint(folder);
    put(folder, { "db.json": "{}", "a.log": "x", "public/1.ts": "G\0\0", "uploads/evil.js": "x" });
    expect(await fingerprint(folder)).toBe(before);
    put(folder, { "lib/new.ts": "export const x = 1;" });
    expect(await fingerprint(folder)).not.toBe(before);
  });
});

describe("a release that is to come back", () => {
  it("G67: is refused when one of its files changed or went, and not for files that came since", async () => {
    const folder = release({ ...PACKAGE, "lib/a.js": "1", "hls/1.ts": "G\0" });
    const resolver = new ReleaseResolver(() => undefined);
    const pinned = await resolver.resolve({ entry: join(folder, "server.mjs"), folder });
    put(folder, { "cache/compiled.js": "x", "db.json": "{}" });
    rmSync(join(folder, "hls/1.ts"));
    expect(await resolver.comeBack(pinned)).toBe(pinned);
    put(folder, { "lib/a.js": "2" });
    await expect(resolver.comeBack(pinned)).rejects.toMatchObject({ code: "BROOD_RELEASE_CHANGED" });
    put(folder, { "lib/a.js": "1" });
    expect(await resolver.comeBack(pinned)).toBe(pinned);
    rmSync(join(folder, "lib"), { recursive: true });
    await expect(resolver.comeBack(pinned)).rejects.toMatchObject({ code: "BROOD_RELEASE_CHANGED" });
    rmSync(join(folder, "server.mjs"));
    await expect(resolver.comeBack(pinned)).rejects.toMatchObject({ code: "BROOD_RELEASE_NOT_FOUND" });
  });

  it("A9: a worker that finds another entry, package.json or lock file says which", async () => {
    const folder = release({ ...PACKAGE, "package-lock.json": "{}" });
    const resolver = new ReleaseResolver(() => undefined);
    const pinned = await resolver.resolve({ entry: join(folder, "server.mjs"), folder });
    const stamps = resolver.stampsOf(pinned);
    expect(await foundRelease(pinned, stamps)).toBe(pinned);
    put(folder, { "server.mjs": "other", "package-lock.json": "other" });
    const { fingerprint: found } = await foundRelease(pinned, stamps);
    expect(found).toBe(`${pinned.fingerprint}+server.mjs+package-lock.json`);
  });
});
