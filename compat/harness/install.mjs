// The packages of a row, pinned, in a folder of its own below .cache/, and what it builds. Both are done again only when the row
// says something else than last time. npm, because the folder must not be a part of the repository's workspace.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { COMPAT } from "./rows.mjs";

const CACHE = process.env["BROOD_COMPAT_CACHE"] ?? join(COMPAT, ".cache");

const STEP_TIMEOUT_MS = 600_000;

/** Rows of one place share its folder: one run of npm, with the packages of all of them.
 *  @returns the folder with node_modules and the row's files */
export function installRow(row, rows) {
  const folder = installPackages(
    row.place,
    rows.filter(({ place }) => place === row.place),
  );
  putFiles(row, folder);
  return folder;
}

/** Rows whose packages do not contradict each other, in a folder of their own. */
export function installTogether(name, rows) {
  const folder = installPackages(name, rows);
  for (const row of rows) putFiles(row, folder);
  return folder;
}

function installPackages(name, rows) {
  const folder = join(CACHE, name);
  const dependencies = {};
  for (const row of rows) {
    for (const [name, version] of Object.entries({ ...row.packages, ...row.with })) {
      if ((dependencies[name] ?? version) !== version)
        throw new Error(
          `${row.name} wants ${name} ${version}, another row of the same folder ${dependencies[name]}`,
        );
      if (!isOfNode(name)) dependencies[name] = version;
    }
  }
  mkdirSync(folder, { recursive: true });
  const [{ type }] = rows;
  const sorted = Object.fromEntries(Object.entries(dependencies).sort());
  const manifest = JSON.stringify(
    { name: "application", version: "1.0.0", private: true, type, dependencies: sorted },
    null,
    2,
  );
  const stamp = join(folder, ".installed");
  if (read(stamp) !== manifest) {
    rmSync(join(folder, "node_modules"), { recursive: true, force: true });
    writeFileSync(join(folder, "package.json"), manifest);
    if (Object.keys(dependencies).length > 0)
      step(folder, ["npm", "install", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]);
    writeFileSync(stamp, manifest);
  }
  return folder;
}

/** Node's own modules are rows too: { "node:http2": "20" }. */
function isOfNode(name) {
  return name.startsWith("node:");
}

function putFiles(row, folder) {
  for (const file of row.files)
    cpSync(join(row.folder, file), join(folder, nameInFolder(file)), { recursive: true });
  if (row.build === undefined) return;
  const built = join(folder, `.built-${digestOf(JSON.stringify(row.build)).slice(0, 8)}`);
  const key = createHash("sha256").update(JSON.stringify([row.packages, row.with, row.build]));
  for (const file of row.files) key.update(contentOf(join(row.folder, file)));
  const digest = key.digest("hex");
  if (read(built) === digest) return;
  for (const command of row.build) step(folder, command);
  writeFileSync(built, digest);
}

function digestOf(text) {
  return createHash("sha256").update(text).digest("hex");
}

/** A folder of files is copied into the application's own. */
function nameInFolder(file) {
  return file.endsWith("/") ? "." : file;
}

function contentOf(path) {
  if (path.endsWith("/")) {
    const listed = spawnSync("tar", ["-c", "--mtime=@0", "--sort=name", "-C", path, "."], {
      maxBuffer: 2 ** 28,
    });
    return listed.stdout;
  }
  return readFileSync(path);
}

function step(cwd, [command, ...args]) {
  const env = { ...process.env, CI: "1", NEXT_TELEMETRY_DISABLED: "1", ASTRO_TELEMETRY_DISABLED: "1" };
  const done = spawnSync(command, args, { cwd, env, encoding: "utf8", timeout: STEP_TIMEOUT_MS });
  if (done.status === 0) return;
  const output = `${done.stdout ?? ""}${done.stderr ?? ""}${done.error?.message ?? ""}`;
  throw new Error(
    `${command} ${args.join(" ")} in ${cwd} ended with ${done.status}:\n${output.slice(-3_000)}`,
  );
}

function read(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
