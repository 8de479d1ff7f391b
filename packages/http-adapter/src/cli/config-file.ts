// Finds and loads ./brood.config.{ts,mts,js,mjs,json}. JavaScript is loaded by Node itself; TypeScript by jiti, which
// also runs where Node does not strip types (20). jiti is only loaded for such a file: it costs the supervisor memory.
// A restart reads it again in a process that ends then: Node keeps what it has imported, the file's own imports included,
// so here only the first reading would ever count. Functions cannot leave that process; they stay those of the first reading.
// Rejected: a thread. It has this process's working directory, which is the first release's folder, and Node starts none
// once that has been removed.

import { fork } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { badOption, PoolError } from "@brood/core/errors";
import { meantFolder } from "@brood/core/place";
import { needsStart } from "../needs-start.ts";
import type { ServeConfig } from "../serve-options.ts";

const EXTENSIONS: readonly string[] = [".ts", ".mts", ".js", ".mjs", ".json"];

/** A configuration is there at once; one that waits for a server that does not answer must not hold up a restart. */
const READING_MAX_MS = 20_000;

const ACCEPTED = `a file that exists and ends in ${EXTENSIONS.join(", ")}`;

export interface ConfigFile {
  readonly path: string;
  /** As it was exported; not checked yet. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** How a file was named, for messages. */
export interface NamedFile {
  readonly spelling: string;
  readonly text: string;
}

/** What the process answers. */
export type Reading =
  | { readonly values: Readonly<Record<string, unknown>>; readonly kept: readonly string[] }
  | { readonly failure: string };

/** The file named, else the one in `cwd`, else null.
 *  @throws PoolError BROOD_BAD_OPTION when the named one is missing, or one cannot be loaded. */
export async function loadConfigFile(named: NamedFile | undefined, cwd: string): Promise<ConfigFile | null> {
  const path = pathOf(named, cwd);
  if (path === null) return null;
  try {
    return { path, values: await exportedBy(path) };
  } catch (cause) {
    throw cannotBeLoaded(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** The same, as the file is now, after `first` was loaded.
 *  @throws PoolError BROOD_BAD_OPTION, BROOD_NEEDS_START for a function that was not there before */
export async function rereadConfigFile(
  named: NamedFile | undefined,
  cwd: string,
  first: ConfigFile | null,
): Promise<ConfigFile | null> {
  const path = pathOf(named, cwd);
  if (path === null) return null;
  const reading = await readInProcess(path, cwd);
  if ("failure" in reading) throw cannotBeLoaded(path, reading.failure);
  const kept = reading.kept.map((option) => {
    const value = first?.values[option];
    if (value === undefined) throw needsStart(option, "none", "a function");
    return [option, value] as const;
  });
  return { path, values: { ...reading.values, ...Object.fromEntries(kept) } };
}

/** The working directory by a file that was named: paths in it are meant beside it, not where the command happens to run. By the
 *  path as it was written, so that a symlink in it is followed by each restart.
 *  @param hasEntry  an entry was given elsewhere, and is meant from there */
export function cwdOf(file: ConfigFile | null, named: NamedFile | undefined, hasEntry: boolean): unknown {
  const given = file?.values["cwd"];
  if (file === null || named === undefined) return given;
  if (typeof given === "string") return resolve(dirname(file.path), given);
  return given === undefined && !hasEntry ? dirname(file.path) : given;
}

/** Reads the file anew each time it is called. @param over  values that win over the file's */
export function configFileReader(path: string, over: Partial<ServeConfig>): () => Promise<ServeConfig> {
  const named = { spelling: "config", text: path };
  const cwd = meantFolder([path]);
  let first: ConfigFile | null = null;
  return async () => {
    first ??= await loadConfigFile(named, cwd);
    const file = await rereadConfigFile(named, cwd, first);
    const placed = { ...file?.values, cwd: cwdOf(file, named, over.entry !== undefined) };
    // A codec's cast: `serve()` checks every key and value of it.
    return { ...placed, ...over } as ServeConfig;
  };
}

/** What the file exports by default. @throws whatever it throws, and when that is no object */
export async function exportedBy(path: string): Promise<Readonly<Record<string, unknown>>> {
  const exported = await load(path, extname(path));
  if (typeof exported === "object" && exported !== null && !Array.isArray(exported)) return { ...exported };
  throw new Error("it must export an object by default");
}

function pathOf(named: NamedFile | undefined, cwd: string): string | null {
  if (named === undefined) return findIn(cwd);
  const path = resolve(cwd, named.text);
  if (existsSync(path) && EXTENSIONS.includes(extname(path))) return path;
  throw badOption(named.spelling, named.text, ACCEPTED);
}

function cannotBeLoaded(path: string, reason: string, cause?: unknown): PoolError {
  const message = `configuration file ${path} cannot be loaded: ${reason}`;
  return new PoolError("BROOD_BAD_OPTION", message, { details: { option: "config", value: path }, cause });
}

/** @param cwd  the folder that was meant, where it leads now */
function readInProcess(path: string, cwd: string): Promise<Reading> {
  return new Promise((resolve) => {
    // A folder that is gone is the release's fault, not the file's: it is said by name when the release is resolved.
    const folder = existsSync(cwd) ? cwd : dirname(path);
    const child = fork(new URL("./config-process.js", import.meta.url), [path], {
      cwd: folder,
      env: { ...process.env, PWD: folder },
      // A debugger's port is taken by this process.
      execArgv: process.execArgv.filter((flag) => !flag.startsWith("--inspect")),
      serialization: "advanced",
    });
    const patience = setTimeout(() => {
      resolve({ failure: `it was not read within ${READING_MAX_MS} ms` });
      child.kill("SIGKILL");
    }, READING_MAX_MS);
    child.once("message", (reading) => {
      resolve(readingOf(reading));
      // It may have left timers and sockets.
      child.kill("SIGKILL");
    });
    child.once("error", (error) => resolve({ failure: error.message }));
    child.once("exit", (code, signal) => {
      clearTimeout(patience);
      resolve({ failure: `it ended the reading with ${signal ?? `exit code ${code}`}` });
    });
  });
}

/** A codec: config-process.ts wrote it. */
function readingOf(message: unknown): Reading {
  return message as Reading;
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
