// Finds and loads ./brood.config.{ts,mts,js,mjs,json}. JavaScript is loaded by Node itself; TypeScript by jiti, which
// also runs where Node does not strip types (20). jiti is only loaded for such a file: it costs the supervisor memory.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { badOption, PoolError } from "@brood/core/errors";

const EXTENSIONS: readonly string[] = [".ts", ".mts", ".js", ".mjs", ".json"];

const ACCEPTED = `a file that exists and ends in ${EXTENSIONS.join(", ")}`;

export interface ConfigFile {
  readonly path: string;
  /** As it was exported; not checked yet. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** The file named, else the one in `cwd`, else null.
 *  @throws PoolError BROOD_BAD_OPTION when the named one is missing, or one cannot be loaded. */
export async function loadConfigFile(named: string | undefined, cwd: string): Promise<ConfigFile | null> {
  const path = named === undefined ? findIn(cwd) : resolve(cwd, named);
  if (path === null) return null;
  const extension = extname(path);
  if (!existsSync(path) || !EXTENSIONS.includes(extension)) throw badOption("--config", named, ACCEPTED);
  let exported: unknown;
  try {
    exported = await load(path, extension);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PoolError("BROOD_BAD_OPTION", `configuration file ${path} cannot be loaded: ${reason}`, {
      details: { option: "config", value: path },
      cause,
    });
  }
  if (typeof exported !== "object" || exported === null || Array.isArray(exported)) {
    throw new PoolError("BROOD_BAD_OPTION", `configuration file ${path} must export an object by default.`, {
      details: { option: "config", value: path },
    });
  }
  return { path, values: { ...exported } };
}

function findIn(cwd: string): string | null {
  const paths = EXTENSIONS.map((extension) => join(cwd, `brood.config${extension}`));
  return paths.find((path) => existsSync(path)) ?? null;
}

async function load(path: string, extension: string): Promise<unknown> {
  if (extension === ".json") return JSON.parse(await readFile(path, "utf8"));
  if (extension === ".ts" || extension === ".mts") {
    const { createJiti } = await import("jiti");
    return createJiti(import.meta.url, { moduleCache: false, fsCache: false }).import(path, {
      default: true,
    });
  }
  const module: unknown = await import(pathToFileURL(path).href);
  return typeof module === "object" && module !== null && "default" in module ? module.default : module;
}
