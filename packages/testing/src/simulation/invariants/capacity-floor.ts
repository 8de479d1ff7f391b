// Promise 5: ready workers never fall below `desired - maxUnavailable` by our own doing. Losses by a fault (an exit, a
// breach, silence) or by an operator's signal are not ours; what a roll, a recycling or a resize takes away is.

import type { WorkerId, World } from "@brood/core/engine";
import type { Observation } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

export function capacityFloor(): Invariant {
  let currents: ReadonlySet<WorkerId> = new Set();
  const signalled = new Set<WorkerId>();
  return {
    name: "capacity-floor",
    check(observation) {
      const { event } = observation;
      if (event.type === "WorkerSignalled") signalled.add(event.worker);
      if (event.type === "WorkerExited") signalled.delete(event.worker);
      const before = new Set([...currents].filter((id) => !signalled.has(id)));
      currents = currentsOf(observation.world);
      return belowFloor(observation, before, currents);
    },
  };
}

function belowFloor(
  { event, world }: Observation,
  before: ReadonlySet<WorkerId>,
  after: ReadonlySet<WorkerId>,
): string | null {
  const floor = world.desired - world.config.maxUnavailable;
  if (world.phase !== "running" || after.size >= floor) return null;
  const leftItself = event.type === "WorkerDraining" ? event.worker : null;
  const takenAway = [...before].filter((id) => {
    const worker = world.registry.workers.get(id);
    return !after.has(id) && id !== leftItself && worker !== undefined && worker.fault === null;
  });
  const gained = [...after].filter((id) => !before.has(id)).length;
  if (takenAway.length <= gained) return null;
  return `${takenAway.join(", ")} taken away: ${after.size} ready of ${world.desired} desired, floor ${floor}`;
}

function currentsOf({ registry }: World): ReadonlySet<WorkerId> {
  const ids = new Set<WorkerId>();
  for (const { current } of registry.slots.values()) if (current !== null) ids.add(current.id);
  return ids;
}
