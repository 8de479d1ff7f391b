// One socket of the supervisor's that workers share, and who listens on it.

import type { ServiceStats } from "@brood/core";
import type { WorkerId } from "../handoff/names.ts";
import type { SharedSocket } from "./open-socket.ts";
import type { Wanted } from "./wanted.ts";

export type ListenerStatsList = NonNullable<ServiceStats["listeners"]>;

export interface SharedEntry {
  readonly key: string;
  readonly wanted: Wanted;
  isPublic: boolean;
  readonly opening: Promise<SharedSocket>;
  socket: SharedSocket | null;
  /** Calls by worker. */
  readonly users: Map<WorkerId, Set<number>>;
}

/** @param given  addresses of the handoff's own, which all ready workers serve */
export function statsOf(
  given: readonly string[],
  ready: number,
  entries: readonly SharedEntry[],
): ListenerStatsList {
  const own = given.map((address) => ({ address, kind: "public" as const, workers: ready }));
  const others = entries.flatMap(({ socket, isPublic, users }) =>
    socket === null
      ? []
      : {
          address: socket.address,
          kind: isPublic ? ("public" as const) : ("shared" as const),
          workers: users.size,
        },
  );
  return [...own, ...others];
}
