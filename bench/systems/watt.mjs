// Watt: its workers are threads of one process, each with its own SO_REUSEPORT socket. `wattpm restart` replaces them
// one by one and answers when all are replaced. Needs Node 22.19 or newer. TMPDIR is the bench's folder: Watt finds
// its running servers by sockets there.

import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { run, startServer } from "../lib/child.mjs";
import { freePort } from "../lib/free-port.mjs";
import { nodeBinary } from "../lib/node-binary.mjs";
import { installed } from "../lib/npm-install.mjs";

/** @type {import("./types.js").Start} */
export async function start(app, workers, { node, folder }) {
  const modules = await installed("watt");
  const command = join(modules, "wattpm/bin/cli.js");
  const binary = node ?? (await nodeBinary(24));
  const port = await freePort();
  const root = join(folder, "watt");
  const temporary = join(folder, "t");
  mkdirSync(root, { recursive: true });
  mkdirSync(temporary, { recursive: true });
  // Found from both folders, while the app's own `node_modules` stays what it is elsewhere.
  for (const parent of new Set([root, dirname(app.folder)]))
    symlinkSync(modules, join(parent, "node_modules"));
  writeFileSync(join(root, "package.json"), '{ "name": "bench", "private": true, "type": "module" }\n');
  const schema = (/** @type {string} */ name) => `https://schemas.platformatic.dev/${name}/3.65.0.json`;
  const config = {
    $schema: schema("wattpm"),
    server: { hostname: "127.0.0.1", port },
    applications: [{ id: "app", path: app.folder, workers }],
    entrypoint: "app",
  };
  writeFileSync(join(root, "watt.json"), JSON.stringify(config));
  writeFileSync(join(app.folder, "watt.json"), JSON.stringify({ $schema: schema("@platformatic/node") }));
  const env = { ...process.env, TMPDIR: temporary };
  const server = startServer(binary, [command, "start", root], { env, cwd: root });
  // The first worker answers long before; this is said when all do.
  await server.line(/is now listening at/, 120_000);
  return {
    target: `http://127.0.0.1:${port}`,
    supervisorPid: server.pid,
    workerPids: () => [server.pid],
    async restart() {
      await run(binary, [command, "restart", String(server.pid)], { env, cwd: root });
    },
    stop: () => server.stop(30_000),
  };
}
