// Errors as the command says them: one line on stderr for bad input and exit code 2, in the words of the command
// line; for a failed start or restart one line with the reason, how the process ended and what to do, and below it the last lines
// of stderr, unless they stand above: what they say is not said again.

import type { FailureReason } from "@brood/core";
import { badOption, ERROR_CATALOGUE, type ErrorCode, PoolError, withoutRepeat } from "@brood/core/errors";
import type { StartConfig } from "./start-config.ts";

/** Bad input, or nobody there to talk to: nothing was touched. */
export const EXIT_BAD_INPUT = 2;
export const EXIT_FAILED = 1;

const BAD_INPUT_CODES: readonly ErrorCode[] = [
  "BROOD_ADDRESS_IN_USE",
  "BROOD_ADDRESS_UNAVAILABLE",
  "BROOD_BAD_OPTION",
  "BROOD_CONTROL_FAILED",
  "BROOD_RELEASE_NOT_FOUND",
];

/** Names the option as it was written, `option --boot-timeout: got "soon", expected ...`, or the file that it stands in.
 *  @param input  null: it could not be read */
export function inCommandWords(error: unknown, input: Pick<StartConfig, "given" | "file"> | null): unknown {
  if (input === null || !(error instanceof PoolError) || error.code !== "BROOD_BAD_OPTION") return error;
  const { given, file } = input;
  const { option, accepted } = error.details;
  if (typeof option !== "string" || option.startsWith("-")) return error;
  const written = given.get(option);
  if (written !== undefined && typeof accepted === "string") {
    return badOption(written.spelling, written.text, accepted);
  }
  if (written !== undefined) {
    return new PoolError(error.code, error.message.replace(`option ${option}`, `option ${written.spelling}`));
  }
  if (file === null || option === "config") return error;
  return new PoolError(error.code, `${error.message} (in ${file.path})`);
}

/** Writes the error to stderr. @param isShown  the workers' own stderr went to ours. @returns the exit code. */
export function reportError(error: unknown, isShown = false): number {
  if (error instanceof PoolError && BAD_INPUT_CODES.includes(error.code)) {
    process.stderr.write(`brood: ${oneLine(error.message)}\n`);
    // The server had begun to do what was asked: that is no bad input.
    return error.details["wasThere"] === true ? EXIT_FAILED : EXIT_BAD_INPUT;
  }
  if (error instanceof PoolError) {
    process.stderr.write(
      describeFailure(
        `brood: ${error.code}`,
        { ...error.details, code: error.code, message: error.message },
        isShown,
      ),
    );
    return EXIT_FAILED;
  }
  process.stderr.write(`brood: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EXIT_FAILED;
}

/** @param isShown  the process's stderr stands above already */
export function describeFailure(what: string, reason: Partial<FailureReason>, isShown = false): string {
  const stderr = reason.stderr?.trimEnd() ?? "";
  const message = withoutRepeat(reason.message ?? "no reason is known", stderr);
  const line = oneLine(`${what}${endOf(reason)}: ${message}${adviceOn(reason, message)}`);
  if (stderr === "" || isShown) return `${line}\n`;
  return `${line}\nlast lines of stderr:\n${stderr.replace(/^/gm, "  ")}\n`;
}

function endOf({ exitCode, signal }: Partial<FailureReason>): string {
  if (typeof exitCode === "number") return `, exit code ${exitCode}`;
  return typeof signal === "string" ? `, signal ${signal}` : "";
}

/** A message that ends as a sentence says it itself. */
function adviceOn({ code = "" }: Partial<FailureReason>, message: string): string {
  const advice = Object.entries(ERROR_CATALOGUE).find(([known]) => known === code)?.[1];
  return advice === undefined || message.endsWith(".") ? "" : `. ${advice}`;
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " ");
}
