#!/usr/bin/env node
// Stands here, and not in dist, so that a package manager can link the command before the package is built.
await import("../dist/cli/main.js");
