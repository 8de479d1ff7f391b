// Errors as the command says them: one line on stderr for bad input and exit code 2, in the words of the command
// line; for a failed start or restart the reason, the exit code and the last lines of stderr.

import type { FailureReason } from "@brood/core";
import { badOption, type ErrorCode, PoolError } from "@brood/core/errors";
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

/** Writes the error to stderr. @returns the exit code. */
export function reportError(error: unknown): number {
  if (error instanceof PoolError && BAD_INPUT_CODES.includes(error.code)) {
    process.stderr.write(`brood: ${oneLine(error.message)}\n`);
    // The server had begun to do what was asked: that is no bad input.
    return error.details["wasThere"] === true ? EXIT_FAILED : EXIT_BAD_INPUT;
  }
  if (error instanceof PoolError) {
    process.stderr.write(
      describeFailure(`brood: ${error.code}`, { ...error.details, code: error.code, message: error.message }),
    );
    return EXIT_FAILED;
  }
  process.stderr.write(`brood: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EXIT_FAILED;
}

/** Several lines: the reason, how the process ended where that is known, and its last lines of stderr. */
export function describeFailure(what: string, reason: Partial<FailureReason>): string {
  const lines = [`${what}: ${reason.message ?? "no reason is known"}`];
  if (typeof reason.exitCode === "number") lines.push(`exit code: ${reason.exitCode}`);
  if (typeof reason.signal === "string") lines.push(`signal: ${reason.signal}`);
  if (typeof reason.stderr === "string" && reason.stderr !== "") {
    lines.push(
      "last lines of stderr:",
      ...reason.stderr
        .trimEnd()
        .split("\n")
        .map((line) => `  ${line}`),
    );
  }
  return `${lines.join("\n")}\n`;
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " ");
}
