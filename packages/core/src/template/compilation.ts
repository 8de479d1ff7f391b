// What is compiled where. V8 compiles a function when it is first called, so every forked worker would compile for itself what
// it needs to become one and to answer its first request: half of the CPU time from its fork to ready, and pages of its own
// for code that all could share. So Brood's modules, and Node's, are compiled whole as they are loaded (`link/template-flags.ts`).
// The application is compiled as anywhere, since whole it can take three times the memory (`--no-lazy` in `execArgv` asks for
// that). What was compiled stays until the heap has been collected for the forks: nothing has run it so far, and V8 would
// throw it away as unused.

import { setFlagUnlessGiven } from "../worker/v8-flag.ts";

/** From here on as anywhere: a function is compiled when it is called. */
export function compileOnCall(): void {
  setFlagUnlessGiven("--lazy", "--no-lazy");
}

/** From here on as anywhere: the code of what has not run for a while goes. */
export function forgetUnused(): void {
  setFlagUnlessGiven("--flush-bytecode", "--no-flush-bytecode");
}
