// How connections reach workers, as the server sees it: what goes with each worker, and what it must be told. Each
// handoff is a pure policy and a shell that performs it; `listener` needs neither but for kept connections that move.

import type { Logger, PassedSocket, Service, ServiceStats, WorkerSeat } from "@brood/core";
import { nativeSupport } from "@brood/core/native";
import type { BoundSocket } from "../listen/bind.ts";
import { endOfSockets, type Patience } from "../listen/last-connections.ts";
import type { BareHandle } from "../listen/server-handle.ts";
import { Delivery } from "./delivery.ts";
import { INHERITED_ROLE } from "./messages.ts";
import type { SlotIndex, WorkerId } from "./names.ts";

export type HandoffKind = "listener" | "reuseport" | "connection";

export interface Handoff {
  readonly kind: HandoffKind;
  /** With real ports, as `brood` prints them. */
  readonly addresses: readonly string[];
  /** Beside each address what all who listen on it have to say; null: as they like. */
  readonly backlogs: readonly (number | null)[];
  /** What listens where, the program's further addresses too, for stats. */
  readonly listeners?: NonNullable<ServiceStats["listeners"]>;
  /** Addresses whose unix path is not ours any more. */
  unreachable(): readonly string[];
  /** What a worker gets at its birth. @throws when a socket cannot be made; that spawn has failed then. */
  socketsOf(seat: WorkerSeat): readonly PassedSocket[];
  slotClosed(slot: SlotIndex): void;
  /** True when a worker's message was the handoff's own. */
  takeMessage(worker: WorkerId, payload: unknown): boolean;
  /** The sockets that came with a worker, for one that has closed them: it listens again. */
  socketsAgain(worker: WorkerId): readonly BareHandle[];
  /** The worker's program has closed its server, or has opened it again. */
  accepting(worker: WorkerId, isAccepting: boolean): void;
  /** A public address that the program has chosen: whoever accepts for the workers accepts there too. */
  serve(socket: BoundSocket): void;
  /** It is about to be closed. */
  withdraw(address: string): void;
  /** The service whose workers these are; called once, before it starts. */
  attach(service: Service): void;
  /** All workers are about to go. Nobody new can connect from now on to sockets that are ours; resolves when the workers have
   *  got what the kernel had accepted, or when patience is at its end. */
  stopping(patience: Patience): Promise<void>;
  /** Closes what belongs to the handoff, after the last worker has gone. */
  release(): Promise<void>;
}

/** Held at once while nobody is ready, where workers accept themselves: what is beyond stays with its draining worker. */
const HELD_MAX = 16_384;

export interface MovingOptions {
  readonly logger: Logger | undefined;
  readonly runtime: "process" | "thread";
  /** Draining workers pass their kept connections on; only with the addon. */
  readonly moves: boolean;
}

/** For handoffs whose workers accept themselves; null where nothing is moved. What waits for a worker waits as long as its
 *  client does, like what waits in the kernel's queue. */
export function createMovingDelivery({ logger, runtime, moves }: MovingOptions): Delivery | null {
  const native = nativeSupport();
  if (!moves || !native.ok) return null;
  return new Delivery(native.binding, {
    balance: "least-connections",
    isByAddress: false,
    maxHeld: HELD_MAX,
    holdTimeoutMs: Number.POSITIVE_INFINITY,
    onError: undefined,
    logger,
    runtime,
  });
}

/** The workers accept, on listening sockets that all of them share. */
export function listenerHandoff(sockets: readonly BoundSocket[], delivery: Delivery | null = null): Handoff {
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
    socketsOf: ({ worker }) => [...passed, ...(delivery?.open(worker) ?? [])],
    slotClosed: () => {},
    takeMessage: () => false,
    socketsAgain: () => sockets.map(({ bare }) => bare),
    accepting: (worker, isAccepting) => delivery?.accepting(worker, isAccepting),
    serve: () => {},
    withdraw: () => {},
    attach: (service) => delivery?.attach(service),
    stopping: async (patience) => {
      await end(patience);
      delivery?.stopping();
    },
    release: async () => {
      delivery?.close();
      await Promise.all(sockets.map((each) => each.release()));
    },
  };
}

export function unreachableOf(sockets: readonly BoundSocket[]): readonly string[] {
  return sockets.filter(({ holder }) => holder !== "ours").map(({ address }) => address);
}
