#!/usr/bin/env node
// Stands here, and not in dist, so that a package manager can link the command before the package is built.
// First of all signals are noted that would end this process (see src/cli/early-signals.ts).
const came = [];
const note = (signal) => void came.push(signal);
Reflect.set(process, Symbol.for("brood.early-signals"), { came, note });
for (const signal of ["SIGHUP", "SIGUSR1", "SIGUSR2", "SIGTERM", "SIGINT"]) process.on(signal, note);

await import("../dist/cli/main.js");
