// `brood config`: the configuration that `brood start` would use with the same options, here and now, and where each value
// came from. Checks all that the start checks before it touches anything, and touches nothing.

import type { ServeOptions } from "../serve-options.ts";
import { checkServeConfig } from "../service-options.ts";
import { inCommandWords, reportError } from "./bad-input.ts";
import { type CommandValues, readStartConfig, type StartConfig } from "./start-config.ts";

interface Source {
  readonly from: "command line" | "environment" | "file" | "default";
  /** `--workers`, `BROOD_WORKERS`, the file's path. */
  readonly name?: string;
}

interface Row {
  readonly option: string;
  readonly value: unknown;
  readonly source: Source;
}

/** @returns the exit code */
export async function config(entry: string | undefined, values: CommandValues): Promise<number> {
  let input: StartConfig | null = null;
  try {
    input = await readStartConfig(entry, values);
    process.stdout.write(printed(input, values["json"] === true));
    return 0;
  } catch (error) {
    return reportError(inCommandWords(error, input));
  }
}

function printed(input: StartConfig, isJson: boolean): string {
  const { options, effective } = checkServeConfig(input.config);
  const rows = Object.entries(effective).flatMap(([option, value]) => rowsOf(option, value));
  const found = rows.map((row) => ({ ...row, source: sourceOf(row.option, input, options) }));
  return isJson ? asJson(effective, found, input) : asTable(found);
}

/** One for each leaf; options that are off or not given are left out. */
function rowsOf(option: string, value: unknown): readonly Omit<Row, "source">[] {
  if (value === undefined || value === null) return [];
  if (typeof value !== "object" || Array.isArray(value)) return [{ option, value }];
  return Object.entries(value).flatMap(([key, each]) => rowsOf(`${option}.${key}`, each));
}

function sourceOf(option: string, { given, file }: StartConfig, options: ServeOptions): Source {
  const [top = "", ...rest] = option.split(".");
  const leaf = rest.join(".");
  // An option that may be written as one value, as the path of a health check.
  const written = given.get(option) ?? (leaf === "" || leaf === "path" ? given.get(top) : undefined);
  if (written !== undefined) {
    const from = written.spelling.startsWith("BROOD_") ? "environment" : "command line";
    return { from, name: written.spelling };
  }
  const inFile = file?.values[top];
  const isThere =
    typeof inFile === "object" && leaf !== "" ? Reflect.has(Object(inFile), leaf) : inFile !== undefined;
  if (file !== null && isThere) return { from: "file", name: file.path };
  const variable = top === "env" ? options.fileVariables.get(leaf) : undefined;
  if (variable !== undefined) return { from: "file", name: variable.path };
  return top === "listen" ? sourceOfPort(options) : { from: "default" };
}

function sourceOfPort({ fileVariables }: ServeOptions): Source {
  if (process.env["PORT"] !== undefined) return { from: "environment", name: "PORT" };
  const variable = fileVariables.get("PORT");
  return variable === undefined ? { from: "default" } : { from: "file", name: variable.path };
}

function asTable(rows: readonly Row[]): string {
  const lines = rows.map(({ option, value, source }) => [option, show(value), source.name ?? source.from]);
  const width = (column: number): number => Math.max(...lines.map((line) => line[column]?.length ?? 0));
  const [first, second] = [width(0), Math.min(60, width(1))];
  return lines.map(([a = "", b = "", c]) => `${a.padEnd(first)}  ${b.padEnd(second)}  ${c}\n`).join("");
}

function show(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function asJson(effective: object, rows: readonly Row[], { file }: StartConfig): string {
  const sources = Object.fromEntries(rows.map(({ option, source }) => [option, source]));
  return `${JSON.stringify({ file: file?.path ?? null, config: effective, sources }, null, 2)}\n`;
}
