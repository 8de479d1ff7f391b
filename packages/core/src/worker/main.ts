// What a worker process executes: opens its link, waits for its order, becomes that worker.

import { detached } from "../link/detached.ts";
import { openIpcLink } from "./ipc-link.ts";
import { runWorker } from "./runtime.ts";
import { tieToSupervisor } from "./watchdog.ts";

const link = openIpcLink();
link.onMessage((message) => {
  if (message.type !== "Boot") return;
  tieToSupervisor(link, message.order);
  const { name, slot, generation } = message.order;
  process.title = `brood ${name} slot=${slot} gen=${generation}`;
  detached(runWorker(link, message.order), () => process.exit(1));
});
link.onClose(() => process.exit(1));
