// What a worker can check in a moment: whether the files by which a release is known (entry, package.json, lock file) are as
// they were when the supervisor pinned it. Files edited in place show by size and time; what else belongs to the release is
// read by the supervisor alone, once for each generation.

import { promises as fs } from "node:fs";
import { basename } from "node:path";
import type { FileStamp } from "../link/protocol.ts";
import type { Release } from "../machine/names.ts";

export async function stampsOf(paths: readonly string[]): Promise<readonly FileStamp[]> {
  return Promise.all(
    paths.map(async (path) => {
      const stats = await fs.stat(path).catch(() => null);
      return { path, size: stats?.size ?? null, mtimeMs: stats?.mtimeMs ?? null };
    }),
  );
}

/** The release as a worker finds it: as it was pinned, or with another fingerprint that names what has changed. */
export async function foundRelease(release: Release, stamps: readonly FileStamp[]): Promise<Release> {
  const now = await stampsOf(stamps.map(({ path }) => path));
  const changed = stamps.filter(
    ({ size, mtimeMs }, index) => now[index]?.size !== size || now[index]?.mtimeMs !== mtimeMs,
  );
  if (changed.length === 0) return release;
  const names = changed.map(({ path }) => basename(path)).join("+");
  return { ...release, fingerprint: `${release.fingerprint}+${names}` };
}
