// Flags of V8 that are set while the process runs. Whoever started the service has the last word on each.

import { setFlagsFromString } from "node:v8";

/** @param flag  such as `--turbo-filter=~`  @param name  what `execArgv` must not have for it to be set; default its own name */
export function setFlagUnlessGiven(flag: string, name: string = nameOf(flag)): void {
  if (!process.execArgv.some((given) => nameOf(given) === name)) setFlagsFromString(flag);
}

/** V8 takes `-` and `_` alike. */
function nameOf(flag: string): string {
  return (flag.split("=")[0] ?? flag).replaceAll("_", "-");
}
