// The simulated twin of the sockets behind handoff "reuseport": the real policy over a kernel of our own, fed by what the
// simulated service announces. Clients connect whenever something happens, so there is something to lose.
// Invariants: a socket is never closed with a connection in its queue; each open socket has a ready worker that serves it,
// as long as anybody is ready.
// It draws nothing at random and says nothing to the machine: a run is the same with it and without it.

import type { Announcement, SlotIndex, WorkerId } from "@brood/core/engine";
import { type SlotCommand, type SlotEvent, SlotSockets } from "@brood/http-adapter/handoff";
import type { Gate, VirtualTime } from "./virtual-time.ts";

/** Until a worker has accepted what waits, or closed what it was told to. */
const TURN_MS = 1;

interface Socket {
  queue: number;
  /** Who has it open and accepts. */
  readonly listeners: Set<WorkerId>;
}

export class SlotSocketTwin {
  readonly #time: VirtualTime;
  readonly #gateOf: (worker: WorkerId) => Gate | null;
  readonly #find: (invariant: string, message: string) => void;
  readonly #policy = new SlotSockets(true);
  readonly #sockets: Map<SlotIndex, Socket> = new Map();
  readonly #ready: Map<WorkerId, SlotIndex> = new Map();
  readonly #answers: SlotEvent[] = [];
  #steered: readonly SlotIndex[] | null = null;
  #clients = 0;
  #cancel: () => void = () => {};

  /** @param gateOf  null when the worker has gone */
  constructor(
    time: VirtualTime,
    gateOf: (worker: WorkerId) => Gate | null,
    find: (invariant: string, message: string) => void,
  ) {
    this.#time = time;
    this.#gateOf = gateOf;
    this.#find = find;
  }

  ordered({ slot, worker }: { readonly slot: SlotIndex; readonly worker: WorkerId }): void {
    this.#step({ type: "WorkerOrdered", slot, worker });
  }

  slotClosed(slot: SlotIndex): void {
    this.#step({ type: "SlotClosed", slot });
  }

  published({ name, event }: Announcement): void {
    this.#connect();
    if (name === "worker:ready") {
      this.#ready.set(event.worker, event.slot);
      this.#sockets.get(event.slot)?.listeners.add(event.worker);
      this.#acceptSoon(event.worker);
      this.#step({ type: "WorkerReady", worker: event.worker });
    } else if (name === "worker:draining" || name === "worker:exited") {
      this.#ready.delete(event.worker);
      for (const { listeners } of this.#sockets.values()) listeners.delete(event.worker);
      this.#step({
        type: name === "worker:exited" ? "WorkerExited" : "WorkerDraining",
        worker: event.worker,
      });
    }
  }

  #step(event: SlotEvent): void {
    this.#answers.push(event);
    for (let next = this.#answers.shift(); next !== undefined; next = this.#answers.shift()) {
      for (const command of this.#policy.step(next, this.#time.now())) this.#perform(command);
    }
    this.#check();
    this.#arm();
  }

  #perform(command: SlotCommand): void {
    switch (command.type) {
      case "OpenSocket":
        this.#sockets.set(command.slot, { queue: 0, listeners: new Set() });
        return;
      case "Adopt":
        this.#sockets.get(command.slot)?.listeners.add(command.worker);
        return this.#acceptSoon(command.worker);
      case "Release":
        return this.#release(command.slot, command.worker);
      case "Steer":
        this.#steered = command.slots;
        return;
      case "LookAtQueue": {
        const length = this.#sockets.get(command.slot)?.queue ?? 0;
        this.#answers.push({ type: "QueueSeen", slot: command.slot, length });
        return;
      }
      case "CloseSocket": {
        const lost = this.#sockets.get(command.slot)?.queue ?? 0;
        if (lost > 0) this.#find("no-queue-closed", `slot=${command.slot} closed with ${lost} connections`);
        this.#sockets.delete(command.slot);
      }
    }
  }

  #release(slot: SlotIndex, worker: WorkerId): void {
    this.#time.happen(TURN_MS, this.#gateOf(worker), () => {
      if (this.#gateOf(worker) === null) return;
      // Unless it is its own by now.
      if (this.#ready.get(worker) !== slot) this.#sockets.get(slot)?.listeners.delete(worker);
      this.#time.reach(this.#time.now() + TURN_MS, () =>
        this.#step({ type: "SocketReleased", slot, worker }),
      );
    });
  }

  /** One more client, at a socket that the kernel may choose. */
  #connect(): void {
    const open = [...this.#sockets.keys()].filter((slot) => this.#steered?.includes(slot) ?? true);
    const slot = open[this.#clients % Math.max(1, open.length)];
    const socket = slot === undefined ? undefined : this.#sockets.get(slot);
    if (socket === undefined) return;
    this.#clients += 1;
    socket.queue += 1;
    for (const worker of socket.listeners) this.#acceptSoon(worker);
  }

  #acceptSoon(worker: WorkerId): void {
    this.#time.happen(TURN_MS, this.#gateOf(worker), () => {
      if (this.#gateOf(worker) === null) return;
      for (const socket of this.#sockets.values()) if (socket.listeners.has(worker)) socket.queue = 0;
    });
  }

  #check(): void {
    if (this.#ready.size === 0) return;
    for (const [slot, { listeners }] of this.#sockets) {
      const isServed = [...listeners].some((worker) => this.#ready.has(worker));
      if (isServed || this.#policy.isParting(slot)) continue;
      this.#find("sockets-are-served", `slot=${slot} is served by nobody, ${this.#ready.size} are ready`);
    }
  }

  #arm(): void {
    this.#cancel();
    const atMs = this.#policy.nextDeadlineAtMs();
    if (atMs === null) return;
    this.#cancel = this.#time.after(atMs - this.#time.now(), () => this.#step({ type: "TimePassed" }));
  }
}
