// Checks of option values. Every option of every package goes through one of these, so that a bad one is always
// refused the same way: by name, with its value and what is accepted, before anything was touched.

import { badOption, type PoolError } from "./errors.ts";
import { textOf } from "./link/described.ts";

/** Workers of one service at the most. */
export const WORKERS_MAX = 10_000;

/** `drainTimeoutMs` of everything: within the 30 s that Kubernetes waits between TERM and KILL, with a margin for the rest of a
 *  stop. `docker stop` waits 10 s and kills then: `docker stop -t 30`, or a smaller value here. */
export const DRAIN_TIMEOUT_DEFAULT_MS = 25_000;

/** A whole number from `min` to `max`; `fallback` when undefined. @throws PoolError BROOD_BAD_OPTION */
export function integerOption(
  option: string,
  value: unknown,
  min: number,
  max: number,
  fallback: number,
): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
  throw badOption(option, value, `a whole number from ${min} to ${max}`);
}

/** A number from `min` to `max`; `fallback` when undefined. @throws PoolError BROOD_BAD_OPTION */
export function numberOption(
  option: string,
  value: unknown,
  min: number,
  max: number,
  fallback: number,
): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && value >= min && value <= max) return value;
  throw badOption(option, value, `a number from ${min} to ${max}`);
}

/** One of `choices`; `fallback` when undefined. @throws PoolError BROOD_BAD_OPTION */
export function choiceOption<Choice extends string>(
  option: string,
  value: unknown,
  choices: readonly Choice[],
  fallback: Choice,
): Choice {
  if (value === undefined) return fallback;
  const choice = choices.find((candidate) => candidate === value);
  if (choice !== undefined) return choice;
  throw badOption(option, value, choices.map((each) => JSON.stringify(each)).join(" or "));
}

/** true or false; `fallback` when undefined. @throws PoolError BROOD_BAD_OPTION */
export function booleanOption(option: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value === "boolean") return value;
  throw badOption(option, value, "true or false");
}

/** A string that is not empty; undefined stays undefined. @throws PoolError BROOD_BAD_OPTION */
export function textOption(option: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string" && value.length > 0 && !value.includes("\0")) return value;
  throw badOption(option, value, "a string that is not empty");
}

/** A list of strings, of which none has a NUL; undefined stays undefined. @throws PoolError BROOD_BAD_OPTION */
export function textListOption(option: string, value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (isList(value) && value.every((each) => typeof each === "string" && !each.includes("\0")))
    return value as readonly string[];
  throw badOption(option, value, "an array of strings");
}

/** Letters, digits, ".", "_" and "-", 1 to 64 of them: safe in paths and logs. @throws PoolError BROOD_BAD_OPTION */
export function nameOption(option: string, value: unknown, fallback: string): string {
  if (value === undefined) return fallback;
  if (typeof value === "string" && /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/.test(value)) return value;
  throw badOption(option, value, "1 to 64 letters, digits, '.', '_' or '-', not beginning with '.' or '-'");
}

/** An object with no keys but the known ones: a misspelt option must not be ignored. Nor must one that its keys do not show: a
 *  Map, an object whose class has getters, or a getter that throws.
 *  @param option  "" for the options themselves, whose keys are named without a prefix  @throws PoolError BROOD_BAD_OPTION */
export function objectOption(
  option: string,
  value: unknown,
  known: readonly string[],
  accepted = "an object",
): asserts value is object {
  const name = option === "" ? "options" : option;
  if (typeof value !== "object" || value === null || isList(value)) throw badOption(name, value, accepted);
  if (!isPlainObject(value))
    throw badOption(
      name,
      value,
      `a plain object, not one of class ${classOf(value)}: its own fields are read`,
    );
  const prefix = option === "" ? "" : `${option}.`;
  for (const key of keysOf(name, value)) {
    const given = readOption(`${prefix}${key}`, value, key);
    if (!known.includes(key)) throw unknownOption(`${prefix}${key}`, given, known);
  }
}

/** Names and texts, as `process.env`; undefined stays undefined. @throws PoolError BROOD_BAD_OPTION */
export function environmentOption(option: string, value: unknown): NodeJS.ProcessEnv | undefined {
  if (value === undefined) return undefined;
  for (const [key, given] of fieldsOf(option, value, "a plain object of strings")) {
    if (given !== undefined && typeof given !== "string")
      throw badOption(`${option}.${key}`, given, "a string");
  }
  return value as NodeJS.ProcessEnv;
}

/** The fields of a plain object, or of `process.env`, each read once. @throws PoolError BROOD_BAD_OPTION */
export function fieldsOf(option: string, value: unknown, accepted: string): [name: string, value: unknown][] {
  const isObject = typeof value === "object" && value !== null && !isList(value);
  if (!isObject || (value !== process.env && !isPlainObject(value))) throw badOption(option, value, accepted);
  return keysOf(option, value).map((key) => [key, readOption(`${option}.${key}`, value, key)]);
}

/** Also of what cannot be asked for its class. */
export function isInstance<Kind>(
  value: unknown,
  kind: abstract new (...given: never) => Kind,
): value is Kind {
  try {
    return value instanceof kind;
  } catch {
    return false;
  }
}

/** "inherit", or something that can be written to; undefined stays undefined. @throws PoolError BROOD_BAD_OPTION */
export function outputOption(option: string, value: unknown): void {
  if (value === undefined || value === "inherit") return;
  const isStream =
    typeof value === "object" &&
    value !== null &&
    typeof readOption(`${option}.write`, value, "write") === "function";
  if (!isStream) throw badOption(option, value, '"inherit" or a stream that can be written to');
}

/** Something with the four functions of a Logger. @throws PoolError BROOD_BAD_OPTION */
export function loggerOption(option: string, value: unknown): void {
  if (value === undefined) return;
  const levels = ["debug", "info", "warn", "error"];
  const isLogger =
    typeof value === "object" &&
    value !== null &&
    levels.every((level) => typeof readOption(`${option}.${level}`, value, level) === "function");
  if (!isLogger) throw badOption(option, value, `an object with the functions ${levels.join(", ")}`);
}

/** An option that there is not: which one may have been meant.
 *  @param elsewhere  names that other programs have for something, and what there is instead */
export function unknownOption(
  option: string,
  value: unknown,
  known: readonly string[],
  elsewhere: Readonly<Record<string, string>> = {},
): PoolError {
  const name = option.slice(option.lastIndexOf(".") + 1);
  const meant = Object.hasOwn(elsewhere, name) ? elsewhere[name] : nearest(name, known);
  const hint = meant === undefined ? "" : ` (did you mean ${meant}?)`;
  return badOption(option, value, `one of ${known.join(", ")}${hint}`);
}

function readOption(option: string, holder: object, key: string): unknown {
  try {
    return Reflect.get(holder, key);
  } catch (cause) {
    throw badOption(option, `a getter that throws ${textOf(cause)}`, "a value");
  }
}

/** A proxy that was revoked cannot be asked, and is none. */
export function isList(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

function keysOf(option: string, holder: object): string[] {
  try {
    return Object.keys(holder);
  } catch (cause) {
    throw badOption(option, `an object whose fields cannot be listed: ${textOf(cause)}`, "a plain object");
  }
}

/** Made by `{}`, here or in another realm, or without a prototype, as the namespace of a module. */
function isPlainObject(value: object): boolean {
  try {
    const above: unknown = Object.getPrototypeOf(value);
    return above === null || Object.getPrototypeOf(above) === null;
  } catch {
    return false;
  }
}

function classOf(value: object): string {
  try {
    const made: unknown = Reflect.get(value, "constructor");
    return typeof made === "function" && made.name !== "" ? made.name : "without a name";
  } catch {
    return "that cannot be looked at";
  }
}

/** The known name that `name` begins, or that is at most two edits away. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const longer = known.find((each) => name.length > 2 && each.toLowerCase().startsWith(name.toLowerCase()));
  if (longer !== undefined) return longer;
  const [best] = known
    .map((each) => ({ each, edits: editsBetween(name.toLowerCase(), each.toLowerCase()) }))
    .sort((one, other) => one.edits - other.edits);
  return best !== undefined && best.edits <= Math.min(2, name.length >> 1) ? best.each : undefined;
}

/** Letters put in, taken out or changed. */
function editsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let at = 0; at < one.length; at += 1) {
    const above = row;
    row = [at + 1];
    for (let across = 0; across < other.length; across += 1) {
      const changed = (above[across] ?? 0) + Number(one[at] !== other[across]);
      row.push(Math.min((above[across + 1] ?? 0) + 1, (row[across] ?? 0) + 1, changed));
    }
  }
  return row[other.length] ?? 0;
}
