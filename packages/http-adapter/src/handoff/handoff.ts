// How connections reach workers, as the server sees it: what goes with each worker, and what it must be told. Each
// handoff is a pure policy and a shell that performs it; `listener` needs neither.

import type { PassedSocket, Service, WorkerSeat } from "@brood/core";
import { nativeSupport } from "@brood/core/native";
import type { BoundSocket } from "../listen/bind.ts";
import { endOfSockets, type Patience } from "../listen/last-connections.ts";
import { INHERITED_ROLE } from "./messages.ts";
import type { SlotIndex, WorkerId } from "./names.ts";

export type HandoffKind = "listener" | "reuseport" | "connection";

export interface Handoff {
  readonly kind: HandoffKind;
  /** With real ports, as `brood` prints them. */
  readonly addresses: readonly string[];
  /** Beside each address what all who listen on it have to say; null: as they like. */
  readonly backlogs: readonly (number | null)[];
  /** Addresses whose unix path is not ours any more. */
  unreachable(): readonly string[];
  /** What a worker gets at its birth. @throws when a socket cannot be made; that spawn has failed then. */
  socketsOf(seat: WorkerSeat): readonly PassedSocket[];
  slotClosed(slot: SlotIndex): void;
  /** True when a worker's message was the handoff's own. */
  takeMessage(worker: WorkerId, payload: unknown): boolean;
  /** The service whose workers these are; called once, before it starts. */
  attach(service: Service): void;
  /** All workers are about to go. Nobody new can connect from now on to sockets that are ours; resolves when the workers have
   *  got what the kernel had accepted, or when patience is at its end. */
  stopping(patience: Patience): Promise<void>;
  /** Closes what belongs to the handoff, after the last worker has gone. */
  release(): Promise<void>;
}

/** The workers accept, on listening sockets that all of them share. */
export function listenerHandoff(sockets: readonly BoundSocket[]): Handoff {
  const native = nativeSupport();
  const end = endOfSockets(native.ok ? native.binding : null, sockets);
  const passed = sockets.map(({ descriptor, address, isInherited }) => ({
    role: isInherited ? INHERITED_ROLE : "listener",
    fd: descriptor,
    address,
  }));
  return {
    kind: "listener",
    addresses: sockets.map(({ address }) => address),
    backlogs: sockets.map(({ backlog }) => backlog),
    unreachable: () => unreachableOf(sockets),
    socketsOf: () => passed,
    slotClosed: () => {},
    takeMessage: () => false,
    attach: () => {},
    stopping: (patience) => end(patience),
    release: async () => {
      await Promise.all(sockets.map((each) => each.release()));
    },
  };
}

export function unreachableOf(sockets: readonly BoundSocket[]): readonly string[] {
  return sockets.filter(({ holder }) => holder !== "ours").map(({ address }) => address);
}
