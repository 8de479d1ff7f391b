// Pins a release: realpath once, so that a `current` symlink that moves later cannot change what a generation's respawns
// load (SCENARIOS A10). The folder of the nearest package.json is the release's root.

import { promises as fs } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { PoolError } from "../errors.ts";
import type { Release } from "../machine/names.ts";
import { fingerprintOf } from "./fingerprint.ts";

/** @throws PoolError BROOD_RELEASE_NOT_FOUND when the entry is no readable file. */
export async function resolveRelease(entry: string): Promise<Release> {
  const real = await fs.realpath(entry).catch((cause: unknown) => {
    throw notFound(entry, cause);
  });
  await fs.access(real, fs.constants.R_OK).catch((cause: unknown) => {
    throw notFound(entry, cause);
  });
  if (!(await fs.stat(real)).isFile()) throw notFound(entry, new Error("it is not a file"));
  return describeRelease(real);
}

/** The release as it is on disk now; `entry` is a real path. */
export async function describeRelease(entry: string): Promise<Release> {
  const manifest = await nearestManifest(dirname(entry));
  const fingerprint = await fingerprintOf(manifest?.folder ?? dirname(entry), entry);
  return { entry, version: manifest?.version ?? null, fingerprint };
}

/** The entry option as an absolute path. */
export function entryPath(entry: string | URL, cwd: string): string {
  return entry instanceof URL ? fileURLToPath(entry) : resolve(cwd, entry);
}

async function nearestManifest(folder: string): Promise<{ folder: string; version: string | null } | null> {
  for (let at = folder; ; at = dirname(at)) {
    const text = await fs.readFile(join(at, "package.json"), "utf8").catch(() => null);
    if (text !== null) return { folder: at, version: versionIn(text) };
    if (at === dirname(at)) return null;
  }
}

function versionIn(manifest: string): string | null {
  try {
    const parsed: unknown = JSON.parse(manifest);
    const version = typeof parsed === "object" && parsed !== null ? Reflect.get(parsed, "version") : null;
    return typeof version === "string" ? version : null;
  } catch {
    return null;
  }
}

function notFound(entry: string, cause: unknown): PoolError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new PoolError(
    "BROOD_RELEASE_NOT_FOUND",
    `entry ${entry}: ${why}. Give a file that exists and can be read.`,
    {
      details: { entry },
      cause,
    },
  );
}
