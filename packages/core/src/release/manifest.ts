// package.json, as far as it says what belongs to a release.

import { promises as fs } from "node:fs";
import { dirname, join } from "node:path";

export interface Manifest {
  readonly folder: string;
  readonly name: string | undefined;
  /** What Node takes a `.js` file for. */
  readonly type: "module" | "commonjs";
  readonly version: string | null;
  /** Packages in folders below are parts of it. */
  readonly hasWorkspaces: boolean;
}

/** Of the folder, or the nearest one above it. */
export async function nearestManifest(folder: string): Promise<Manifest | null> {
  for (let at = folder; ; at = dirname(at)) {
    const manifest = await readManifest(at);
    if (manifest !== null || at === dirname(at)) return manifest;
  }
}

/** Null: there is none. One that cannot be understood says nothing, and is there all the same. */
export async function readManifest(folder: string): Promise<Manifest | null> {
  const text = await fs.readFile(join(folder, "package.json"), "utf8").catch(() => null);
  if (text === null) return null;
  const { name, type, version, workspaces } = parse(text);
  const pnpm =
    workspaces === undefined && (await fs.stat(join(folder, "pnpm-workspace.yaml")).catch(() => null));
  return {
    folder,
    name: typeof name === "string" ? name : undefined,
    type: type === "module" ? "module" : "commonjs",
    version: typeof version === "string" ? version : null,
    hasWorkspaces: workspaces !== undefined || (pnpm !== false && pnpm !== null),
  };
}

function parse(text: string): {
  readonly name?: unknown;
  readonly type?: unknown;
  readonly version?: unknown;
  readonly workspaces?: unknown;
} {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}
