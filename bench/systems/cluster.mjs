// node:cluster with the smallest primary that starts workers. It has no restart of its own.

import { join } from "node:path";
import { startServer } from "../lib/child.mjs";
import { freePort } from "../lib/free-port.mjs";
import { descendants } from "../lib/proc.mjs";

const PRIMARY = join(import.meta.dirname, "cluster-primary.cjs");

/** `args[0]` is the scheduling: "rr" (round-robin) or "none"; with "reuse-port" each worker binds for itself, which Node can
 *  since 22.12. @type {import("./types.js").Start} */
export async function start(app, workers, { node = process.execPath, args = ["rr"] }) {
  const port = await freePort();
  const reuse = args[0] === "reuse-port" ? { REUSE_PORT: "1" } : { NODE_CLUSTER_SCHED_POLICY: args[0] };
  const env = { ...process.env, PORT: String(port), ...reuse };
  const server = startServer(node, [PRIMARY, app.entry, String(workers)], { env });
  await server.line(/^cluster ready/m, 60_000);
  return {
    target: `http://127.0.0.1:${port}`,
    supervisorPid: server.pid,
    workerPids: () => descendants(server.pid),
    restart: () => Promise.reject(new Error("node:cluster has no restart")),
    stop: () => server.stop(10_000),
  };
}
