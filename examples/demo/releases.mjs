// Releases as folders, and a link `current` that a deploy moves: what Capistrano, Ansible and many scripts do.

import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** @param {Record<string, string>} sources  the text of server.mjs by version; the first becomes current. */
export async function createReleases(sources) {
  const folder = await mkdtemp(join(tmpdir(), "brood-demo-"));
  // All of them use the packages of this example.
  await symlink(fileURLToPath(new URL("node_modules", import.meta.url)), join(folder, "node_modules"));
  for (const [version, source] of Object.entries(sources)) {
    await mkdir(join(folder, version));
    await writeFile(join(folder, version, "server.mjs"), source);
  }

  const releases = {
    folder,
    entry: join(folder, "current", "server.mjs"),
    /** In one step: a new link takes the name of the old one. */
    async makeCurrent(version) {
      await symlink(version, join(folder, "next"));
      await rename(join(folder, "next"), join(folder, "current"));
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
  await releases.makeCurrent(Object.keys(sources)[0]);
  return releases;
}
