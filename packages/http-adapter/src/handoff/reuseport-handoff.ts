// Performs what slot-sockets.ts decides: opens and closes sockets, steers the kernel, tells workers to adopt and to let go.
// Events of the service go in as they come; commands are performed in order, and what they answer is stepped after them.

import { fstatSync } from "node:fs";
import type { Logger, PassedSocket, Service, WorkerSeat } from "@brood/core";
import type { Binding } from "@brood/core/native";
import type { ListenAddress } from "../listen/addresses.ts";
import { lastSocket, type Patience, refuseNew, untilTaken } from "../listen/last-connections.ts";
import type { BareHandle } from "../listen/server-handle.ts";
import { type Channels, channelsOf, type Passable, type ReceiveFromWorker, takeMessage } from "./channels.ts";
import type { Delivery } from "./delivery.ts";
import { createMovingDelivery, type Handoff, type MovingOptions } from "./handoff.ts";
import type { ToWorker } from "./messages.ts";
import type { SlotIndex, WorkerId } from "./names.ts";
import { ReuseportGroup } from "./reuseport-group.ts";
import {
  type Backend,
  claimPort,
  type OwnedSocket,
  openSocket,
  reuseportBackend,
  type SharedPort,
} from "./reuseport-sockets.ts";
import { type SlotCommand, type SlotEvent, SlotSockets } from "./slot-sockets.ts";

export interface ReuseportOptions extends MovingOptions {
  readonly addresses: readonly ListenAddress[];
  /** Default 511. */
  readonly backlog: number | undefined;
  /** Claims an address; tried again while a dead predecessor lets go of it. */
  readonly claim: <Value>(attempt: () => Promise<Value>) => Promise<Value>;
}

export async function reuseportHandoff(options: ReuseportOptions): Promise<Handoff> {
  const backend = reuseportBackend(options.addresses);
  const claimed = await options.claim(() => claimAll(backend, options));
  return new ReuseportHandoff(backend, claimed.ports, claimed.first, options);
}

/** The first slot's sockets are made at once: from then on the ports are ours. */
async function claimAll(backend: Backend, { addresses, backlog }: ReuseportOptions) {
  const ports: SharedPort[] = [];
  const first: OwnedSocket[] = [];
  try {
    for (const address of addresses) {
      const port = await claimPort(address);
      first.push(openSocket(backend, port, backlog));
      ports.push(port);
    }
    return { ports, first };
  } catch (error) {
    for (const socket of first) socket.close();
    throw error;
  }
}

class ReuseportHandoff implements Handoff {
  readonly kind = "reuseport";
  readonly addresses: readonly string[];
  readonly backlogs: readonly (number | null)[];
  readonly #backlog: number | undefined;
  readonly #backend: Backend;
  readonly #binding: Binding | null;
  readonly #ports: readonly SharedPort[];
  readonly #logger: Logger | undefined;
  /** Threads get the numbers of our descriptors: copies need room in the one table of all. */
  readonly #lends: boolean;
  readonly #policy: SlotSockets;
  readonly #groups: readonly ReuseportGroup[];
  readonly #sockets: Map<SlotIndex, readonly OwnedSocket[]> = new Map();
  readonly #slots = new Map<WorkerId, SlotIndex>();
  #spare: readonly OwnedSocket[] | null;
  readonly #delivery: Delivery | null;
  #channels: Channels | null = null;
  #service: Service | null = null;
  readonly #queue: SlotEvent[] = [];
  #steered: readonly SlotIndex[] | null = null;
  #isStepping = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #receive: ReceiveFromWorker = (worker, message) => {
    if (message.type === "Released") this.#accept({ type: "SocketReleased", slot: message.slot, worker });
  };

  constructor(
    backend: Backend,
    ports: readonly SharedPort[],
    first: readonly OwnedSocket[],
    moving: MovingOptions & Pick<ReuseportOptions, "backlog">,
  ) {
    const { logger, runtime, backlog } = moving;
    this.#delivery = createMovingDelivery(moving);
    this.#backend = backend;
    this.#binding = backend.kind === "native" ? backend.binding : null;
    this.#ports = ports;
    this.#spare = first;
    this.#logger = logger;
    this.#lends = this.#binding !== null && runtime === "thread";
    this.addresses = ports.map(({ address }) => address);
    this.backlogs = ports.map(() => backlog ?? null);
    this.#backlog = backlog;
    this.#groups = ports.map(() => new ReuseportGroup());
    this.#policy = new SlotSockets(this.#canSteer(first));
  }

  unreachable(): readonly string[] {
    return [];
  }

  socketsAgain(worker: WorkerId): readonly BareHandle[] {
    const slot = this.#slots.get(worker);
    if (slot !== undefined) this.#adopt(slot, worker);
    return [];
  }

  accepting(...news: Parameters<Handoff["accepting"]>): void {
    this.#delivery?.accepting(...news);
  }
  serve(): void {}
  withdraw(): void {}
  attach(service: Service): void {
    this.#service = service;
    if (this.#delivery !== null) this.#delivery.attach(service, this.#receive);
    else this.#channels = channelsOf(this.#binding, service, this.#receive, { lends: this.#lends });
    service.on("worker:ready", ({ worker }) => this.#accept({ type: "WorkerReady", worker }));
    service.on("worker:draining", ({ worker }) => this.#accept({ type: "WorkerDraining", worker }));
    service.on("worker:exited", ({ worker }) => {
      this.#channels?.finish(worker, () => {});
      this.#slots.delete(worker);
      this.#accept({ type: "WorkerExited", worker });
    });
  }

  takeMessage(worker: WorkerId, payload: unknown): boolean {
    return takeMessage(this.#service, worker, payload, this.#receive);
  }

  socketsOf({ slot, worker }: WorkerSeat): readonly PassedSocket[] {
    if (!this.#sockets.has(slot)) this.#open(slot);
    this.#slots.set(worker, slot);
    this.#accept({ type: "WorkerOrdered", slot, worker });
    const sockets = this.#sockets.get(slot) ?? [];
    const passed = sockets.map(({ fd }, index) => ({
      role: "slot",
      fd,
      address: this.addresses[index] ?? null,
    }));
    return [...passed, ...((this.#delivery ?? this.#channels)?.open(worker) ?? [])];
  }

  slotClosed(slot: SlotIndex): void {
    this.#accept({ type: "SlotClosed", slot });
  }

  async stopping(patience: Patience): Promise<void> {
    const open = [...this.#sockets.values(), ...(this.#spare === null ? [] : [this.#spare])];
    const last = open.flatMap((sockets) =>
      sockets.map(({ fd }, index) => lastSocket(fd, this.addresses[index] ?? "")),
    );
    if (this.#binding !== null) {
      refuseNew(this.#binding, last);
      await untilTaken(this.#binding, last, patience);
    }
    this.#delivery?.stopping();
    this.#accept({ type: "StopRequested" });
  }

  async release(): Promise<void> {
    clearTimeout(this.#timer);
    this.#delivery?.close();
    this.#channels?.closeAll();
    for (const slot of [...this.#sockets.keys()]) this.#close(slot);
    for (const socket of this.#spare ?? []) socket.close();
    this.#spare = null;
  }

  /** Tried once: some sandboxes refuse it. */
  #canSteer(sockets: readonly OwnedSocket[]): boolean {
    if (this.#binding === null) return false;
    try {
      for (const { fd } of sockets) {
        this.#binding.steer(fd, [0]);
        this.#binding.unsteer(fd);
      }
      return true;
    } catch (error) {
      this.#logger?.warn("sockets of slots that are scaled away will be kept: the kernel cannot be steered", {
        reason: String(error),
      });
      return false;
    }
  }

  #accept(event: SlotEvent): void {
    this.#queue.push(event);
    if (this.#isStepping) return;
    this.#isStepping = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        for (const command of this.#policy.step(next, performance.now())) this.#perform(command);
      }
    } finally {
      this.#isStepping = false;
    }
    this.#arm();
  }

  #perform(command: SlotCommand): void {
    switch (command.type) {
      case "OpenSocket":
        return; // `socketsOf` has
      case "Adopt":
        return this.#adopt(command.slot, command.worker);
      case "Release":
        return this.#send(command.worker, { type: "Release", slot: command.slot });
      case "Steer":
        return this.#steer(command.slots);
      case "LookAtQueue":
        this.#queue.push({ type: "QueueSeen", slot: command.slot, length: this.#queueLength(command.slot) });
        return;
      case "CloseSocket":
        if (this.#closeSteered(command.slot)) this.#queue.push({ type: "SteeringLeaked" });
        return;
    }
  }

  #adopt(slot: SlotIndex, worker: WorkerId): void {
    const sockets = this.#sockets.get(slot) ?? [];
    if (!this.#lends) return this.#send(worker, { type: "Adopt", slot, index: 0 }, sockets);
    const lent = sockets.map(({ fd }) => ({ fd, inode: fstatSync(fd).ino }));
    this.#send(worker, { type: "AdoptLent", slot, sockets: lent });
  }

  #send(worker: WorkerId, message: ToWorker, passed: readonly Passable[] = []): void {
    if (this.#delivery !== null) this.#delivery.send(worker, message, passed);
    else this.#channels?.send(worker, message, passed);
  }

  #open(slot: SlotIndex): void {
    const sockets: OwnedSocket[] = [];
    try {
      for (const port of this.#ports) {
        const spare = this.#spare?.[sockets.length];
        sockets.push(spare ?? openSocket(this.#backend, port, this.#backlog));
      }
    } catch (error) {
      for (const socket of sockets) socket.close();
      throw error;
    }
    this.#spare = null;
    this.#sockets.set(slot, sockets);
    for (const group of this.#groups) group.add(slot);
  }

  #close(slot: SlotIndex): void {
    for (const socket of this.#sockets.get(slot) ?? []) socket.close();
    this.#sockets.delete(slot);
    for (const group of this.#groups) group.remove(slot);
  }

  /** In the kernel's list the last socket takes the place of a closed one. Unless it is the only one it gets none meanwhile.
   *  @returns whether one that is to be closed may have got a connection. */
  #closeSteered(slot: SlotIndex): boolean {
    const wanted = this.#steered ?? [];
    const last = this.#groups[0]?.last;
    const lasting = wanted.filter((each) => each !== last);
    const isSafe = last === slot || !wanted.includes(last ?? -1) || lasting.length > 0;
    if (isSafe && lasting.length > 0) this.#steer(lasting);
    this.#close(slot);
    this.#steer(wanted.length === 0 ? null : wanted);
    return !isSafe;
  }

  #steer(slots: readonly SlotIndex[] | null): void {
    this.#steered = slots;
    const [any] = this.#sockets.values();
    for (const [index, { fd }] of (any ?? []).entries()) {
      try {
        if (slots === null) this.#binding?.unsteer(fd);
        else this.#binding?.steer(fd, this.#groups[index]?.indexesOf(slots) ?? []);
      } catch (error) {
        this.#logger?.warn("could not steer new connections", { reason: String(error) });
      }
    }
  }

  #queueLength(slot: SlotIndex): number {
    const sockets = this.#sockets.get(slot) ?? [];
    return sockets.reduce((sum, { fd }) => sum + (this.#binding?.queueLength(fd) ?? 0), 0);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const atMs = this.#policy.nextDeadlineAtMs();
    if (atMs === null) return;
    this.#timer = setTimeout(() => this.#accept({ type: "TimePassed" }), Math.ceil(atMs - performance.now()));
    this.#timer.unref();
  }
}
