// Figures in the stats come from heartbeats, which may be seconds old. Whoever looks at a server wants them as of now:
// every ready worker is asked for one, and those that do not answer soon (busy, frozen) keep their last figures.

import type { WorkerId } from "../machine/names.ts";
import type { Supervisor } from "./supervisor.ts";

/** A person waits for it, so no longer than this for a blocked worker. */
const PATIENCE_MS = 250;

export function waitForHeartbeats(supervisor: Supervisor): Promise<void> {
  const awaited = new Set<WorkerId>();
  for (const { state, worker } of supervisor.snapshot().workers) {
    if (state === "ready" && supervisor.handle(worker)?.send({ type: "Report" })) awaited.add(worker);
  }
  if (awaited.size === 0) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      stopObserving();
      resolve();
    };
    const timer = setTimeout(finish, PATIENCE_MS);
    const stopObserving = supervisor.observe((event) => {
      if (event.type === "WorkerHeartbeat" || event.type === "WorkerExited") awaited.delete(event.worker);
      if (awaited.size === 0) finish();
    });
  });
}
