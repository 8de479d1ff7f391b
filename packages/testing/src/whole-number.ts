// A number on the command line of `pnpm simulate` and `pnpm soak`: 1 or more.

import { InvalidArgumentError } from "commander";

/** @throws commander's InvalidArgumentError, which commander shows with the option's name. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError("expected a whole number, 1 or more.");
  return value;
}
