// What a worker process executes: opens its link, waits for its order, becomes that worker.

import { openIpcLink } from "./ipc-link.ts";
import { runWorker } from "./runtime.ts";
import { tieToSupervisor } from "./watchdog.ts";

const link = openIpcLink();
link.onMessage((message) => {
  if (message.type !== "Boot") return;
  tieToSupervisor(link, message.order);
  const { name, slot, generation } = message.order;
  process.title = `brood ${name} slot=${slot} gen=${generation}`;
  void runWorker(link, message.order);
});
link.onClose(() => process.exit(1));
