// Packages that only a bench needs (peers, the heavy app's dependencies, other Nodes) are installed on demand into
// `.cache/`, which git ignores: as dependencies of the workspace they would cost every contributor and CI 400 MB.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./child.mjs";

export const CACHE = resolve(dirname(fileURLToPath(import.meta.url)), "../../.cache");

/** Exact versions, so that figures of two runs are about the same thing. */
const SETS = {
  pm2: ["pm2@7.0.4"],
  // The newest version that both packages have.
  watt: ["wattpm@3.65.0", "@platformatic/node@3.65.0"],
  tasks: ["piscina@5.3.2", "tinypool@2.2.0", "workerpool@10.0.3", "poolifier@5.3.2", "jest-worker@30.5.1"],
  heavy: [
    "express@5.3.0",
    "fastify@5.12.8",
    "typescript@6.0.3",
    "lodash@4.18.1",
    "zod@4.6.7",
    "@babel/core@7.29.13",
    "rxjs@7.8.2",
  ],
};

/**
 * @param {keyof typeof SETS} name
 * @returns {Promise<string>} the `node_modules` folder that has the set's packages.
 */
export async function installed(name) {
  const folder = join(CACHE, "peers", name);
  const wanted = SETS[name].join("\n");
  const stamp = join(folder, "installed.txt");
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
    await npmInstall(folder, SETS[name]);
    writeFileSync(stamp, wanted);
  }
  return join(folder, "node_modules");
}

/**
 * @param {string} folder made new
 * @param {readonly string[]} packages
 */
export async function npmInstall(folder, packages) {
  console.error(`installing ${packages.join(" ")} (once)`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const flags = ["--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"];
  // A parent pnpm hands its own settings down as npm_config_*; npm warns about each that it does not know.
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^npm_config_/i.test(key)));
  await run("npm", ["install", "--prefix", folder, ...flags, ...packages], { env });
}
