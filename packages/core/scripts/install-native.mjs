// Builds the native addon when the package is installed, if that is possible here and now. It never fails the install
// and needs no network: node-gyp is given the headers that lie beside the running Node. What is missing is said in one
// line; `fresh` works without the addon.

import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const FOLDER = fileURLToPath(new URL("../native", import.meta.url));
const BUILT = join(FOLDER, "build", "Release", "brood.node");

/** The build takes 3-5 s; on a slow machine more, but never for ever. */
const BUILD_TIMEOUT_MS = 120_000;

function isInPath(...names) {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return names.some((name) =>
    folders.some((folder) => {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    }),
  );
}

/** Where `include/node` is: beside the running Node, or where npm was told (`nodedir`). */
function headers() {
  const candidates = [dirname(dirname(process.execPath)), process.env.npm_config_nodedir ?? ""];
  return candidates.find((folder) => folder !== "" && existsSync(join(folder, "include/node/node_api.h")));
}

function nodeGyp() {
  try {
    return require.resolve("node-gyp/bin/node-gyp.js");
  } catch {
    return process.env.npm_config_node_gyp;
  }
}

/** In a process of its own: a broken binary may take its process with it. */
function loads() {
  const script = "require('node-gyp-build')(process.argv[1])";
  const { status } = spawnSync(process.execPath, ["-e", script, FOLDER], {
    cwd: dirname(FOLDER),
    timeout: 10_000,
    stdio: "ignore",
  });
  return status === 0;
}

function isUpToDate() {
  if (existsSync(BUILT)) {
    const sources = readdirSync(join(FOLDER, "src")).map((name) => join(FOLDER, "src", name));
    const newestMs = Math.max(
      ...[join(FOLDER, "binding.gyp"), ...sources].map((file) => statSync(file).mtimeMs),
    );
    if (statSync(BUILT).mtimeMs < newestMs) return false;
  }
  return loads();
}

/** What stands in the way, or null when the addon is there. */
function install() {
  if (process.platform !== "linux") return `not needed on ${process.platform}`;
  if (isUpToDate()) return null;
  const nodedir = headers();
  const gyp = nodeGyp();
  if (nodedir === undefined) return "no headers (include/node) beside this Node";
  if (gyp === undefined || !existsSync(gyp)) return "no node-gyp";
  if (process.env.CC === undefined && !isInPath("cc", "gcc", "clang")) return "no C compiler";
  if (!isInPath("make")) return "no make";
  if (!isInPath("python3", "python")) return "no Python";

  const { status, stderr, error } = spawnSync(
    process.execPath,
    [gyp, "rebuild", `--directory=${FOLDER}`, `--nodedir=${nodedir}`, "--jobs=2", "--loglevel=error"],
    { encoding: "utf8", stdio: ["ignore", "ignore", "pipe"], timeout: BUILD_TIMEOUT_MS },
  );
  if (status === 0) return loads() ? null : "it was built but does not load";
  const why =
    error?.message ?? stderr.split("\n").find((line) => /error|not ok/i.test(line)) ?? "node-gyp failed";
  return why.trim();
}

const reason = install();
if (reason !== null) console.log(`@brood/core: no native addon (${reason}); spawn "fresh" works without it.`);
