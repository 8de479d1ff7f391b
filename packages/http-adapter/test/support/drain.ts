// Begins a drain so that the test knows it has: a drain step is known to have begun when a later step has been answered,
// because messages keep their order.

import type { WorkerProcess } from "./worker-process.ts";

/** Longer than any test's deadline: what must not wait for it does not. */
export const FOR_EVER_MS = 600_000;

export interface Drain {
  readonly ended: Promise<unknown>;
}

export async function beginDrain(worker: WorkerProcess): Promise<Drain> {
  const ended = worker.step("drain");
  await worker.step("usage");
  return { ended };
}

/** Begins it once so many connections were accepted. */
export async function beginDrainWith(worker: WorkerProcess, connections: number): Promise<Drain> {
  await worker.reports("connections", connections);
  return beginDrain(worker);
}
