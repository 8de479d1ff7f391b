// Variables from files, for the workers. Read again by each restart, so that a key that is taken out is gone with the new
// generation. Who wins: `env` of the configuration, then what this process has in its own environment (as with
// `node --env-file`), then the files, a later one over an earlier one. Nothing is ever put into process.env: what would
// be there could not be taken back. Node parses them (util.parseEnv).

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import { badOption } from "@brood/core/errors";
import { fieldsOf, isList, textOption } from "@brood/core/options";

export interface FileVariable {
  readonly value: string;
  /** Where it was read, an absolute path. */
  readonly path: string;
}

/** The names of files as absolute paths. @throws PoolError BROOD_BAD_OPTION */
export function envFilePaths(envFile: unknown, cwd: string): readonly string[] {
  const list: readonly unknown[] = isList(envFile) ? envFile : envFile === undefined ? [] : [envFile];
  return list.map((each) => {
    if (typeof each !== "string") throw badOption("envFile", each, "the path of a file, or an array of them");
    return resolve(cwd, textOption("envFile", each) ?? "");
  });
}

/** @throws PoolError BROOD_BAD_OPTION when one cannot be read */
export function readEnvFiles(paths: readonly string[]): ReadonlyMap<string, FileVariable> {
  const variables = new Map<string, FileVariable>();
  for (const path of paths) {
    for (const [name, value] of Object.entries(parseEnv(readText(path))))
      if (value !== undefined) variables.set(name, { value, path });
  }
  return variables;
}

/** What workers get on top of `own`, the environment of this process. */
export function workerVariables(
  files: ReadonlyMap<string, FileVariable>,
  env: Readonly<Record<string, string | undefined>> | undefined,
  own: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  const added = [...files].filter(([name]) => own[name] === undefined);
  return { ...Object.fromEntries(added.map(([name, { value }]) => [name, value])), ...env };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw badOption("envFile", path, `a file that can be read (${why})`);
  }
}

/** `env` of the configuration: texts, or numbers and true or false as a JSON file has them. @throws PoolError BROOD_BAD_OPTION */
export function readEnv(value: unknown): Readonly<Record<string, string | undefined>> | undefined {
  if (value === undefined) return undefined;
  const variables = fieldsOf("env", value, "an object of strings").map(
    ([name, each]): [string, string | undefined] => {
      if (each === undefined || typeof each === "string") return [name, each];
      // As a JSON file has them.
      if (typeof each === "number" || typeof each === "boolean") return [name, String(each)];
      throw badOption(`env.${name}`, each, "a string");
    },
  );
  return Object.fromEntries(variables);
}
