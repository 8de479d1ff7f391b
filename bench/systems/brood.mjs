// Brood, through its command.

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { run, startServer } from "../lib/child.mjs";
import { descendants } from "../lib/proc.mjs";

const packageJson = createRequire(import.meta.url).resolve("@brood/http-adapter/package.json");
const COMMAND = join(dirname(packageJson), "dist/cli/main.js");
const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 20_000;

/** @type {import("./types.js").Start} */
export async function start(app, workers, { node = process.execPath, folder, args = [] }) {
  const control = join(folder, "control.sock");
  const options = ["-w", String(workers), "-l", "127.0.0.1:0", "--name", "bench", "--control", control];
  const server = startServer(node, [COMMAND, "start", app.entry, ...options, ...args], { cwd: app.folder });
  const [, address] = await server.line(/^brood ready .*\blisten=(?:tcp:\/\/)?([^\s,]+)/m, START_TIMEOUT_MS);
  return {
    target: `http://${address}`,
    supervisorPid: server.pid,
    workerPids: () => descendants(server.pid),
    async restart() {
      await run(node, [COMMAND, "restart", "--control", control]);
    },
    stop: () => server.stop(STOP_TIMEOUT_MS),
  };
}

/** Resolves when there are so many workers. @param {string} folder @param {number} workers */
export async function scale(folder, workers) {
  const control = join(folder, "control.sock");
  await run(process.execPath, [COMMAND, "scale", String(workers), "--control", control]);
}

/** The stats document of the server that was started in `folder`. @param {string} folder */
export async function status(folder) {
  const control = join(folder, "control.sock");
  return JSON.parse(await run(process.execPath, [COMMAND, "status", "--json", "--control", control]));
}
