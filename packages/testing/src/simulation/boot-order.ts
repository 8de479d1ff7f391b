// The order as a template gets it over the wire. What hosts and sockets are concerned with does not exist here.

import type { BootOrder, SpawnOrder } from "@brood/core/engine";

export function bootOrderOf({ worker, slot, generation, release, stamps }: SpawnOrder): BootOrder {
  return {
    worker,
    slot,
    generation,
    release,
    stamps,
    name: "simulated",
    runtime: "process",
    spawn: "template",
    host: null,
    hostData: null,
    sockets: [],
    heartbeatIntervalMs: 0,
  };
}
