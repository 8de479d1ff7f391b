// The `brood` command (bin/brood.js loads this).

import { noteEarlySignals } from "./early-signals.ts";

noteEarlySignals();

// Whoever reads our output may leave early (`brood server.js | head -1`); the server runs on.
process.stdout.on("error", () => undefined);
process.stderr.on("error", () => undefined);

const { runCommand } = await import("./program.ts");
const exitCode = await runCommand(process.argv.slice(2));

// What an application's library may still hold open is no reason to stay. On Linux output is written by now.
process.exit(exitCode);
