// What a template process executes. The flags that only a template needs leave no trace, or the application's own child
// processes would get them from `process.execArgv`.

import { TEMPLATE_FLAGS } from "../spawn/template/template-flags.ts";

process.execArgv.splice(0, TEMPLATE_FLAGS.length);
await import("./process.ts");
