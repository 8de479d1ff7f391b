// What a template process executes. The flags that only a template needs leave no trace, or the application's own child
// processes would get them from `process.execArgv`.

import { templateFlags } from "../link/template-flags.ts";

process.execArgv.splice(0, templateFlags(process.env["NODE_OPTIONS"]).length);
await import("./process.ts");
