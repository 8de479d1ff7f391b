// Checks of option values. Every option of every package goes through one of these, so that a bad one is always
// refused the same way: by name, with its value and what is accepted, before anything was touched.

import { badOption } from "./errors.ts";

/** Workers of one service at the most. */
export const WORKERS_MAX = 10_000;

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

/** A list of strings; undefined stays undefined. @throws PoolError BROOD_BAD_OPTION */
export function textListOption(option: string, value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value;
  throw badOption(option, value, "an array of strings");
}

/** Letters, digits, ".", "_" and "-", 1 to 64 of them: safe in paths and logs. @throws PoolError BROOD_BAD_OPTION */
export function nameOption(option: string, value: unknown, fallback: string): string {
  if (value === undefined) return fallback;
  if (typeof value === "string" && /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/.test(value)) return value;
  throw badOption(option, value, "1 to 64 letters, digits, '.', '_' or '-', not beginning with '.' or '-'");
}

/** An object with no keys but the known ones: a misspelt option must not be ignored.
 *  @param option  "" for the options themselves, whose keys are named without a prefix  @throws PoolError BROOD_BAD_OPTION */
export function objectOption(
  option: string,
  value: unknown,
  known: readonly string[],
  accepted = "an object",
): asserts value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw badOption(option === "" ? "options" : option, value, accepted);
  const prefix = option === "" ? "" : `${option}.`;
  for (const key of Object.keys(value)) {
    if (!known.includes(key))
      throw badOption(`${prefix}${key}`, Reflect.get(value, key), `one of ${known.join(", ")}`);
  }
}
