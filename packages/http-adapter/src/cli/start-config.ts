// The configuration of `brood start`: the file's values, and over them what the command line says.
// The result is not checked here: `serve()` refuses what does not fit, by the option's name.

import { PoolError } from "@brood/core/errors";
import { meantFolder } from "@brood/core/place";
import type { ServeConfig } from "../serve-options.ts";
import { loadConfigFile } from "./config-file.ts";
import { OPTION_ROWS } from "./option-table.ts";

/** What commander has read: option texts by attribute name. */
export type CommandValues = Readonly<Record<string, unknown>>;

/** What the user wrote for an option on the command line. */
export interface GivenOption {
  readonly spelling: string;
  readonly text: string;
}

export interface StartConfig {
  readonly config: ServeConfig;
  /** By the configuration's option name. */
  readonly given: ReadonlyMap<string, GivenOption>;
  readonly configPath: string | null;
}

export async function readStartConfig(
  entry: string | undefined,
  values: CommandValues,
): Promise<StartConfig> {
  const here = meantFolder([values["cwd"], entry, values["config"]]);
  const named = typeof values["config"] === "string" ? values["config"] : undefined;
  const file = await loadConfigFile(named, here);
  const merged: Record<string, unknown> = { control: true, ...file?.values };
  const given = new Map<string, GivenOption>();
  if (entry !== undefined) {
    merged["entry"] = entry;
    given.set("entry", { spelling: "<entry>", text: entry });
  }
  for (const row of OPTION_ROWS) {
    const value = values[attributeOf(row.spelling)];
    if (value === undefined) continue;
    const texts = (Array.isArray(value) ? value : [value]).map(String);
    given.set(row.option, { spelling: row.spelling, text: texts.join(" ") });
    const read = texts.map(row.read);
    assign(merged, row.option, row.isRepeatable === true ? read : read[0]);
  }
  for (const flag of ["exposeGeneration", "waitReady"]) if (values[flag] === true) merged[flag] = true;
  merged["cwd"] ??= here;
  if (merged["entry"] === undefined) throw noEntry(here);
  return { config: unchecked(merged), given, configPath: file?.path ?? null };
}

/** commander's name for `--boot-timeout`: bootTimeout. */
export function attributeOf(spelling: string): string {
  return spelling.slice(2).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function assign(config: Record<string, unknown>, option: string, value: unknown): void {
  const [first, second] = option.split(".");
  if (first === undefined) return;
  if (second === undefined) config[first] = value;
  else config[first] = { ...Object(config[first]), [second]: value };
}

function noEntry(cwd: string): PoolError {
  const message = `<entry> is missing: expected the path of a module, as in \`brood server.js\`, or "entry" in a brood.config file in ${cwd}`;
  return new PoolError("BROOD_BAD_OPTION", message, { details: { option: "entry" } });
}

/** A codec's cast: `serve()` checks every key and value of it. */
function unchecked(values: Readonly<Record<string, unknown>>): ServeConfig {
  return values as unknown as ServeConfig;
}
