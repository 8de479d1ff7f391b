// The `brood` command (bin/brood.js loads this). SIGUSR1 starts Node's inspector unless someone listens: a listener comes before anything else
// is loaded, and stays beside the one of the server.

process.on("SIGUSR1", () => undefined);

// Whoever reads our output may leave early (`brood server.js | head -1`); the server runs on.
process.stdout.on("error", () => undefined);
process.stderr.on("error", () => undefined);

const { runCommand } = await import("./program.ts");
const exitCode = await runCommand(process.argv.slice(2));

// What an application's library may still hold open is no reason to stay. On Linux output is written by now.
process.exit(exitCode);
