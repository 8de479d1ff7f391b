// Starts an Express app on 4 workers, puts it under load, deploys a good release and then a broken one, and shows
// what the clients saw. Exits 0 if no request failed, no answer was stale and the broken release was refused.

import { serve } from "@brood/http-adapter";
import { startLoad } from "./load.mjs";
import { createReleases } from "./releases.mjs";
import { checks, printReport } from "./report.mjs";
import { createScreen } from "./screen.mjs";

const app = (version) => `
import express from "express";

const app = express();
app.get("/", (request, response) => response.send("${version}"));
export default app;
`;

/** What to close at the end, also after Ctrl-C; last opened, first closed. */
const open = [];
const interrupt = new AbortController();

async function demo() {
  const preparing = createReleases({
    v1: app("v1"),
    v2: app("v2"),
    v3: `if (!process.env.DATABASE_URL) throw new Error("DATABASE_URL is not set");\n${app("v3")}`,
  });
  open.push(() => preparing.then((releases) => releases.remove()));
  const releases = await preparing;

  const config = {
    name: "demo",
    entry: releases.entry, // <folder>/current/server.mjs: each deploy moves `current`
    workers: 4,
    listen: ["127.0.0.1:0", `unix:${releases.folder}/app.sock`],
    stderr: `${releases.folder}/workers.log`,
    env: { DATABASE_URL: undefined },
  };
  const starting = serve(config, { signal: interrupt.signal });
  open.push(() => starting.then((server) => server.stop()).catch(() => {}));
  const server = await starting;

  const load = await startLoad(server.addresses);
  open.push(load.stop);
  const screen = createScreen(server, load);
  open.push(screen.close);
  await load.serving();

  const deploys = [];
  for (const version of ["v2", "v3"]) {
    await releases.makeCurrent(version);
    screen.deployStarted(version);
    const roll = await server.restart();
    const endedAtMs = Date.now();
    screen.deployEnded(roll);
    deploys.push({ version, roll, endedAtMs, serving: await load.serving() });
  }

  const seen = { clients: await load.stop(), deploys, stats: server.stats() };
  const claims = checks(seen);
  printReport(seen, claims);
  return claims.every(({ holds }) => holds) ? 0 : 1;
}

const interrupted = new Promise((resolve) => {
  process.on("SIGINT", () => resolve(130));
  process.on("SIGTERM", () => resolve(143));
});

try {
  process.exitCode = await Promise.race([demo(), interrupted]);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  interrupt.abort();
  for (const close of open.reverse()) await close();
}
process.exit(); // after Ctrl-C demo() still waits for its next step
