// Another Node than the one that runs this, from the package registry, kept in `.cache/nodes/<major>`.
// The newest release of the major at the time of the first call is kept; remove the folder to renew it.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CACHE, npmInstall } from "./npm-install.mjs";

/**
 * @param {number | string} major e.g. 24, or "24.9.0"; the running Node's own major gives the running Node.
 * @returns {Promise<string>} path of an executable Node of that version; installed on the first call.
 */
export async function nodeBinary(major) {
  if (String(major) === process.versions.node.split(".")[0]) return process.execPath;
  if (!/^\d+(\.\d+){0,2}$/.test(String(major))) throw new Error(`"${major}" is not a Node version, e.g. 24`);
  const platform = `node-${process.platform}-${process.arch}`;
  const folder = join(CACHE, "nodes", String(major));
  const binary = join(folder, "node_modules", platform, "bin", "node");
  if (!existsSync(binary)) await npmInstall(folder, [`${platform}@${major}`]);
  return binary;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const major of process.argv.slice(2)) console.log(await nodeBinary(major));
}
