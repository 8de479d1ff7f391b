// What a worker thread executes: takes its link out of `workerData`, waits for its order, becomes that worker.

import { workerData } from "node:worker_threads";
import { detached } from "../link/detached.ts";
import { THREAD_LINK_KEY } from "../link/protocol.ts";
import { openPortLink } from "./port-link.ts";
import { runWorker } from "./runtime.ts";

const link = openPortLink(workerData[THREAD_LINK_KEY]);
// The application's own look at `workerData` finds nothing of ours.
Reflect.deleteProperty(workerData, THREAD_LINK_KEY);
link.onMessage((message) => {
  if (message.type !== "Boot") return;
  const { folder } = message.order.release;
  // The process has one working directory for all threads, that in which it was started. What asks Node for it (path.resolve
  // does) gets the release's own; what hands a relative path to the system does not, and nothing can be done about that.
  process.cwd = () => folder;
  detached(runWorker(link, message.order), () => process.exit(1));
});
link.onClose(() => process.exit(1));
