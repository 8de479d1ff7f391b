// A program that does its own work and serves HTTP beside it. Brood adds no signal handlers: what a signal means
// is decided here. `kill -USR2 <pid>` restarts the workers, Ctrl-C stops them.

import { serve } from "@brood/http-adapter";

const server = await serve({
  entry: new URL("./app.js", import.meta.url),
  workers: 2,
  listen: process.env.PORT ?? 3000,
});
console.log(`listening on ${server.addresses.join(", ")}`);

process.on("SIGUSR2", async () => {
  const roll = await server.restart();
  console.log(`restart ${roll.result}: generation ${roll.to}, ${roll.replaced} workers replaced`);
});

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => server.stop());
