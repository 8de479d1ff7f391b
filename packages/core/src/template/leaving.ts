// How a forked process ends. Every exit of Node joins V8's threads, which a fork does not copy: it would hang or abort. So
// each way out is led to `_exit`, after what Node does before it: `exit` listeners, the message, the exit code.
//   process.exit, Brood's own end      process.reallyExit, which Node leaves replaceable for exactly this kind of thing
//   uncaught error, rejected promise   process._fatalException says "not handled"; Node prints; then `exitAfterMessage`
//   natural end of the loop            the link keeps the loop alive, until a script is left to end by itself: then the worker
//                                      exits when Node says `beforeExit` (native/src/platform.c has it come so far)
// Both names are undocumented, and looked up by Node itself at each use (src/node_errors.cc, lib/internal/process).

import { inspect } from "node:util";
import type { Binding } from "../native/index.ts";

/** Node's own codes: an error nobody handled, an error thrown by whoever handles errors. */
const UNCAUGHT = 1;
const HANDLER_THREW = 7;

/** For good: the process is a forked worker. */
export function leaveByExitNow(binding: Binding): void {
  const fatal: unknown = Reflect.get(process, "_fatalException");
  Reflect.set(process, "reallyExit", (code: unknown) => binding.exitNow(Number(code ?? 0)));
  if (typeof fatal !== "function") return;
  Reflect.set(process, "_fatalException", (error: unknown, isRejection: boolean): boolean => {
    try {
      if (Reflect.apply(fatal, process, [error, isRejection])) return true;
    } catch (thrown) {
      process.stderr.write(`${inspect(thrown)}\n`);
      binding.exitNow(HANDLER_THREW);
    }
    const code = Number(process.exitCode ?? UNCAUGHT);
    if (binding.exitAfterMessage(code)) return false;
    process.stderr.write(`Uncaught ${inspect(error)}\n\nNode.js ${process.version}\n`);
    return binding.exitNow(code);
  });
}
