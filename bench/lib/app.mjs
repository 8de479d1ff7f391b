// A copy of one of the apps in a folder of its own, so that its VERSION can be changed: that is a deploy.

import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { installed } from "./npm-install.mjs";

/**
 * @typedef {object} App
 * @property {string} folder ends with the app; the folders above it are the bench's own too
 * @property {string} entry absolute
 * @property {(version: string) => void} deploy changes what workers that load it from now on answer
 */

/**
 * @param {"counted" | "heavy" | "measured" | "trivial"} name
 * @param {string} folder empty or missing
 * @returns {Promise<App>}
 */
export async function makeApp(name, folder) {
  mkdirSync(folder, { recursive: true });
  const entry = join(folder, "app.cjs");
  copyFileSync(join(import.meta.dirname, "../apps", `${name}.cjs`), entry);
  writeFileSync(join(folder, "package.json"), '{ "name": "app", "private": true, "main": "app.cjs" }\n');
  if (name === "heavy" || name === "measured")
    symlinkSync(await installed("heavy"), join(folder, "node_modules"));
  const deploy = (/** @type {string} */ version) => writeFileSync(join(folder, "VERSION"), version);
  deploy("v1");
  return { folder, entry, deploy };
}
