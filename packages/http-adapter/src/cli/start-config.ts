// The configuration of `brood start`, from its three sources: the command line, the environment (BROOD_WORKERS for
// --workers), the configuration file; the first of them that sets an option decides. Where each value came from is kept,
// for messages and for `brood config`. The result is not checked here: `serve()` refuses what does not fit, by name.

import { PoolError } from "@brood/core/errors";
import { meantFolder } from "@brood/core/place";
import type { ServeConfig } from "../serve-options.ts";
import { type ConfigFile, cwdOf, loadConfigFile, rereadConfigFile } from "./config-file.ts";
import { OPTION_ROWS, type OptionRow, variableOf, words } from "./option-table.ts";

/** What commander has read: option texts by attribute name. */
export type CommandValues = Readonly<Record<string, unknown>>;

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the user wrote for an option, on the command line or in the environment. */
export interface GivenOption {
  /** `--workers`, `BROOD_WORKERS`. */
  readonly spelling: string;
  readonly text: string;
}

export interface StartConfig {
  readonly config: ServeConfig;
  /** By the configuration's option name. */
  readonly given: ReadonlyMap<string, GivenOption>;
  /** Null: there is no configuration file. */
  readonly file: ConfigFile | null;
  /** The folder that was meant, where all of this was looked for. */
  readonly here: string;
}

/** @param first  what was read at the start: now the file is read again */
export async function readStartConfig(
  entry: string | undefined,
  values: CommandValues,
  environment: Environment = process.env,
  first: StartConfig | null = null,
): Promise<StartConfig> {
  const named = configFileOf(values, environment);
  const here = first?.here ?? meantFolder([values["cwd"], entry, named?.text]);
  const file = await (first === null
    ? loadConfigFile(named, here)
    : rereadConfigFile(named, here, first.file));
  const merged: Record<string, unknown> = {
    control: true,
    ...file?.values,
    cwd: cwdOf(file, named, entry !== undefined),
  };
  const given = new Map<string, GivenOption>();
  if (entry !== undefined) {
    merged["entry"] = entry;
    given.set("entry", { spelling: "<entry>", text: entry });
  }
  for (const row of OPTION_ROWS) {
    const found = textsOf(row, values, environment);
    if (found === null) continue;
    given.set(row.option, { spelling: found.spelling, text: found.texts.join(" ") });
    const read = found.texts.map((text) => row.read(text, here));
    assign(merged, row.option, row.isRepeatable === true ? read : read[0]);
  }
  const args = argumentsOf(values, environment);
  if (args !== null) {
    merged["args"] = args.words;
    given.set("args", { spelling: args.spelling, text: args.words.join(" ") });
  }
  merged["cwd"] ??= here;
  if (merged["entry"] === undefined) throw noEntry(here);
  return { config: unchecked(merged), given, file, here };
}

/** The script's own arguments: behind `--`, else in BROOD_ARGS; null: in neither. */
function argumentsOf(
  values: CommandValues,
  environment: Environment,
): { readonly spelling: string; readonly words: readonly string[] } | null {
  const { args } = values;
  if (Array.isArray(args)) return { spelling: "--", words: args.map(String) };
  const spelling = variableOf("--args");
  const text = environment[spelling];
  return text === undefined || text === "" ? null : { spelling, words: words(spelling, text, "arguments") };
}

/** The file that is named; undefined: the one that lies here, if any. */
export function configFileOf(values: CommandValues, environment: Environment): GivenOption | undefined {
  const row = { spelling: "--config" };
  const found = textsOf(row, values, environment);
  return found === null ? undefined : { spelling: found.spelling, text: found.texts[0] ?? "" };
}

/** As it was written on the command line, else in the environment; null: in neither. A variable that is empty counts as
 *  none, as compose files and unit files leave it. */
export function textsOf(
  row: Pick<OptionRow, "spelling" | "isRepeatable">,
  values: CommandValues,
  environment: Environment,
): { readonly spelling: string; readonly texts: readonly string[] } | null {
  const value = values[attributeOf(row.spelling)];
  // commander's for --no-control.
  if (value === false) return { spelling: row.spelling.replace("--", "--no-"), texts: ["false"] };
  if (value !== undefined)
    return { spelling: row.spelling, texts: (Array.isArray(value) ? value : [value]).map(String) };
  const spelling = variableOf(row.spelling);
  const text = environment[spelling];
  if (text === undefined || text === "") return null;
  const texts = row.isRepeatable === true ? text.split(",").map((each) => each.trim()) : [text];
  return { spelling, texts: texts.filter((each) => each !== "") };
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
