// What a worker is told first: the spawn order of the machine and the options of the service, in one record. Every strategy
// makes it here, so that a new option cannot reach fresh workers and pass forked ones by.

import type { BootOrder } from "../link/protocol.ts";
import type { SpawnOrder } from "../ports/spawn-strategy.ts";
import type { FreshProcessOptions } from "./fresh-process.ts";

export type BootOptions = Pick<
  FreshProcessOptions,
  "name" | "host" | "hostData" | "heartbeatIntervalMs" | "watches"
>;

/** @param kind  how this strategy makes workers; `sockets` with the descriptors as the worker will see them */
export function bootOrder(
  options: BootOptions,
  order: SpawnOrder,
  kind: Pick<BootOrder, "runtime" | "spawn" | "sockets">,
): BootOrder {
  const { worker, slot, generation, release, stamps } = order;
  const { name, host, hostData, heartbeatIntervalMs, watches } = options;
  const identity = { worker, slot, generation, release, stamps, name };
  const whole = { ...identity, ...kind, host, hostData, heartbeatIntervalMs };
  return watches === undefined ? whole : { ...whole, watches };
}
