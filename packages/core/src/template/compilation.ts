// What is compiled where. V8 compiles a function when it is first called, so every forked worker would compile for itself what
// it needs to become one and to answer its first request: half of the CPU time from its fork to ready, and pages of its own
// for code that all could share. So Brood's modules, and Node's, are compiled whole as they are loaded (`link/template-flags.ts`).
// The application is compiled as anywhere, since whole it can take three times the memory (`--no-lazy` in `execArgv` asks for
// that). What was compiled stays until the heap has been collected for the forks: nothing has run it so far, and V8 would
// throw it away as unused.
// Node keeps compiled code on disk when a process exits (spawn/compile-cache.ts), which no template does: it is killed, and its
// workers leave past Node (leaving.ts). So it does that when it has loaded, for the next template of the same files.

import module from "node:module";
import { setFlagUnlessGiven } from "../worker/v8-flag.ts";

/** From here on as anywhere: a function is compiled when it is called. */
export function compileOnCall(): void {
  setFlagUnlessGiven("--lazy", "--no-lazy");
}

/** From here on as anywhere: the code of what has not run for a while goes. */
export function forgetUnused(): void {
  setFlagUnlessGiven("--flush-bytecode", "--no-flush-bytecode");
}

/** What has been compiled and was not taken from there, on disk. Before flags change: V8 takes code back only under those that
 *  it was compiled with. Node has it from 22.10 on. */
export function keepCompiled(): void {
  const flush: unknown = Reflect.get(module, "flushCompileCache");
  if (typeof flush === "function") Reflect.apply(flush, module, []);
}
