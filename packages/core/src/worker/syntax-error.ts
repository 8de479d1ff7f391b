// Node prints where a syntax error is when the error ends the process. In a thread nobody prints it so, and of an ES module
// the error's own stack names neither file nor line: a process is started that asks `node --check` (syntax-check.ts). Only in
// a thread that ends now anyway.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const CHECK = fileURLToPath(new URL("./syntax-check.js", import.meta.url));
/** For some twenty files. Then the error is reported without its place. */
const CHECK_MAX_MS = 5_000;

/** Puts file, line and caret in front of the stack, unless they are there. */
export function locateSyntaxError(error: unknown, entry: string): void {
  if (!(error instanceof SyntaxError) || !error.stack?.startsWith("SyntaxError")) return;
  const { stdout } = spawnSync(process.execPath, [CHECK, entry], { encoding: "utf8", timeout: CHECK_MAX_MS });
  if (stdout) error.stack = `${stdout}\n${error.stack}`;
}
