// A script that uses node:cluster itself: `if (cluster.isPrimary) fork workers; else listen`. Under Brood the supervisor is
// the primary, so such a script runs as a cluster worker: it takes its worker's branch and listens, and the other branch
// never runs. Only for an entry whose own text forks: a logger that merely looks at `cluster.isWorker` must go on
// believing that it is alone, or it would send its lines to a primary that does not know them.
// Forking from anywhere else is refused: workers of a worker would be nobody's, in no roll and behind no drain.
// Rejected: real cluster workers (NODE_UNIQUE_ID), which would need the primary's whole protocol in the supervisor.

import cluster, { type Worker } from "node:cluster";
import dgram from "node:dgram";
import { promises as fs } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import { PoolError } from "@brood/core/errors";

/** Whether this source forks cluster workers. */
export function isClusterScript(source: string): boolean {
  return (
    /\bcluster\b/.test(source) && /\bis(Primary|Master|Worker)\b/.test(source) && /\bfork\s*\(/.test(source)
  );
}

/** Before the entry is loaded. @param slot  -1 in a template. */
export async function prepareCluster(entry: string, slot: number): Promise<void> {
  Reflect.set(cluster, "fork", refuseFork);
  // What cannot be read cannot be loaded either, and that says why.
  const source = await fs.readFile(entry, "utf8").catch(() => "");
  if (isClusterScript(source)) {
    becomeClusterWorker(slot);
    if (slot <= 0) {
      process.stderr.write(
        `brood: ${entry} uses node:cluster. Brood is its primary: the isPrimary branch does not run.\n`,
      );
    }
  }
  syncBuiltinESMExports();
}

/** In a forked worker, whose template had no slot. */
export function renumberClusterWorker(slot: number): void {
  if (cluster.worker !== undefined) cluster.worker.id = slot + 1;
}

function refuseFork(): never {
  throw new PoolError(
    "BROOD_BOOT_FAILED",
    "cluster.fork() in a Brood worker: Brood starts the workers itself. Make the module that listens the entry, or have " +
      "cluster.isPrimary and cluster.fork() in the entry, so that it can be run as a cluster worker.",
  );
}

function becomeClusterWorker(slot: number): void {
  const worker: Worker = Reflect.construct(Reflect.get(cluster, "Worker"), [
    { id: slot + 1, state: "online" },
  ]);
  // The engine drains and leaves on TERM, in a thread too.
  const leave = (): Worker => {
    worker.exitedAfterDisconnect = true;
    process.emit("SIGTERM", "SIGTERM");
    return worker;
  };
  Object.assign(worker, { process, disconnect: leave, destroy: leave, kill: leave });
  Object.assign(cluster, {
    isPrimary: false,
    isMaster: false,
    isWorker: true,
    worker,
    _getServer: giveHandle,
  });
}

type HandleMaker = (...parameters: readonly unknown[]) => unknown;

/** In a cluster worker Node asks the primary for each handle (net and dgram, looked up in Node 20, 22, 24 and 26). Here it
 *  gets what it would make itself: whatever belongs to Brood does not come this way but through listen-capture.ts. */
function giveHandle(
  _server: unknown,
  query: Readonly<Record<string, unknown>>,
  give: (error: number, handle: unknown) => void,
): void {
  const { address, port, addressType, fd, flags } = query;
  const isUdp = String(addressType).startsWith("udp");
  const make: HandleMaker = isUdp
    ? Reflect.get(dgram, "_createSocketHandle")
    : Reflect.get(net, "_createServerHandle");
  const made = make(address, port, addressType, fd, flags);
  if (typeof made === "number") give(made, null);
  else give(0, made);
}
