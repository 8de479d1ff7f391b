// Performs what dispatcher.ts decides: hands connections to workers in batches, and keeps its own copy of each until the
// worker has taken it. They come from whoever accepts (handoff `connection`), and from draining workers, which pass on what
// they keep (every handoff): such a connection is nobody's to read until it is taken, and what its client sends waits in
// the kernel. Bare descriptors only: a net.Socket in between would read.
// Rule: a draining worker closes its end when it is told `Moved`, not before: another worker has taken the connection then, or
// the supervisor holds it. So nothing is lost when a worker dies, or when no descriptor is left anywhere.

import type { Logger, PassedSocket, Service } from "@brood/core";
import { CallbackGuard } from "@brood/core/callbacks";
import type { Binding } from "@brood/core/native";
import { peerOfHandle } from "../listen/server-handle.ts";
import { type Accepted, NativeConnection } from "./acceptor.ts";
import { Alarm } from "./alarm.ts";
import type { Balance } from "./balance.ts";
import { type Channels, channelsOf, type Passable, type ReceiveFromWorker } from "./channels.ts";
import { CounterPages, type Totals } from "./counters.ts";
import { type ConnectionId, Dispatcher } from "./dispatcher.ts";
import type { PassedOn, Past, ToWorker } from "./messages.ts";
import type { WorkerId } from "./names.ts";
import { Receipts } from "./receipts.ts";
import { type OnError, Unavailable } from "./unavailable.ts";

export interface DeliveryOptions {
  readonly balance: Balance;
  /** A client is known by its address. */
  readonly isByAddress: boolean;
  readonly maxHeld: number;
  readonly holdTimeoutMs: number;
  readonly onError: OnError | undefined;
  readonly logger: Logger | undefined;
  readonly runtime: "process" | "thread";
}

/** The supervisor's copy of a connection is closed so late at the most: until then a client sees no close of a worker's. */
const LOOK_EVERY_MS = 4;

interface Entry {
  readonly connection: Accepted;
  readonly past: Past | null;
}

export class Delivery {
  readonly #binding: Binding | null;
  readonly #options: DeliveryOptions;
  /** Threads get the numbers of our descriptors and take those over; a copy for each connection would let a full table end
   *  every thread, one after the other. */
  readonly #lends: boolean;
  readonly #dispatcher: Dispatcher;
  readonly #counters: CounterPages | null;
  readonly #unavailable: Unavailable;
  readonly #entries: Map<ConnectionId, Entry> = new Map();
  readonly #receipts: Receipts = new Receipts();
  /** For callbacks of the server's options. */
  readonly guard: CallbackGuard = new CallbackGuard((error) => this.#service?.reportFailure(error));
  #service: Service | null = null;
  #channels: Channels | null = null;
  #onDispatched: () => void = () => {};
  #nextId: ConnectionId = 1;
  #isStopping = false;
  #isReleased = false;
  readonly #alarm: Alarm = new Alarm(() => this.dispatch());
  #lastWarningAtMs = Number.NEGATIVE_INFINITY;

  constructor(binding: Binding | null, options: DeliveryOptions) {
    this.#binding = binding;
    this.#options = options;
    this.#lends = binding !== null && options.runtime === "thread";
    this.#counters = binding === null ? null : new CounterPages(binding);
    this.#dispatcher = new Dispatcher({ ...options, lookEveryMs: binding === null ? null : LOOK_EVERY_MS });
    this.#unavailable = new Unavailable(options.onError, this.guard);
  }

  /** @param receive  gets what workers say and is not about connections  @param onDispatched  `room` may be another now */
  attach(service: Service, receive: ReceiveFromWorker = () => {}, onDispatched: () => void = () => {}): void {
    this.#service = service;
    this.#onDispatched = onDispatched;
    this.#channels = channelsOf(
      this.#binding,
      service,
      (worker, message, descriptors) => {
        if (!this.receive(worker, message, descriptors)) receive(worker, message, descriptors);
      },
      { lost: (worker) => this.#gone(worker), lends: this.#lends },
    );
    service.on("worker:ready", ({ worker, slot, generation }) => {
      this.#dispatcher.ready(worker, slot, generation);
      this.dispatch();
    });
    service.on("worker:draining", ({ worker }) => {
      this.#dispatcher.draining(worker);
      this.send(worker, { type: "End" });
      this.dispatch();
    });
    service.on("worker:exited", ({ worker }) => {
      this.#dispatcher.draining(worker);
      this.#channels?.finish(worker, () => this.#gone(worker));
    });
  }

  accepting(worker: WorkerId, isAccepting: boolean): void {
    this.#dispatcher[isAccepting ? "resumed" : "draining"](worker);
    this.dispatch();
  }

  /** What goes with the worker. */
  open(worker: WorkerId): readonly PassedSocket[] {
    const sockets = this.#channels?.open(worker) ?? [];
    const page = this.#counters?.open(worker) ?? null;
    if (page !== null) {
      if (!this.send(worker, { type: "Counters" }, [{ fd: page, handle: null }]))
        this.#counters?.close(worker);
      this.#binding?.close(page);
    }
    return sockets;
  }

  /** False: the worker is beyond reach, or no descriptors can be passed on for now. */
  send(worker: WorkerId, message: ToWorker, passed: readonly Passable[] = []): boolean {
    return this.#channels?.send(worker, message, passed) ?? false;
  }

  /** False: it is not about connections. */
  receive(worker: WorkerId, message: Parameters<ReceiveFromWorker>[1], came: readonly number[]): boolean {
    if (message.type === "PassOn") this.#passedOn(worker, message, came);
    else if (message.type === "PassOnLent") this.#passedOn(worker, message, message.descriptors);
    else {
      this.#binding?.closeMany(came);
      if (message.type === "Counts") this.#counted(worker, { ...message, own: 0 });
      else if (message.type === "Full") this.#full(worker);
      else return false;
    }
    this.dispatch();
    return true;
  }

  /** Connections that no worker has been sent yet. */
  get held(): number {
    return this.#dispatcher.held;
  }

  get room(): number {
    return this.#dispatcher.room;
  }

  /** The client's address, where it decides. */
  addressOf({ fd, handle }: Passable): string | null {
    if (!this.#options.isByAddress) return null;
    const address = this.#binding === null ? peerOfHandle(handle) : this.#binding.peerAddress(fd);
    return address === "" ? null : address;
  }

  /** Takes an accepted connection over, without sending it yet. */
  hold(connection: Accepted): ConnectionId {
    return this.#enter({ connection, past: null });
  }

  /** @param key  of its client  @param isFromBytes  the worker has to remember it, since nobody will read it again */
  queue(id: ConnectionId, key: string | null, isFromBytes = false): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined && isFromBytes && key !== null)
      this.#entries.set(id, { ...entry, past: { requests: 0, toldMs: 0, key } });
    this.#dispatcher.accepted(id, key, performance.now());
  }

  dispatch(): void {
    this.#look();
    const { sent, refused, returned } = this.#dispatcher.dispatch(performance.now());
    for (const [worker, ids] of sent) this.#send(worker, ids);
    for (const id of refused) this.#refuse(id);
    for (const id of returned) this.#giveBack(id);
    if (this.#isStopping) for (const id of this.#dispatcher.giveUp()) this.#refuse(id);
    if (refused.length > 0) this.warn("connections were answered 503: no worker was ready in time", "");
    if (!this.#dispatcher.hasReady) this.#receipts.acknowledgeAll();
    this.#tell();
    this.#onDispatched();
    this.#alarm.set(this.#dispatcher.nextDeadlineAtMs());
  }

  /** All workers are about to go: nobody gets anything any more. */
  stopping(): void {
    this.#isStopping = true;
    for (const id of this.#dispatcher.giveUp()) this.#refuse(id);
    this.#tell();
  }

  close(): void {
    this.#isReleased = true;
    this.#alarm.clear();
    this.#channels?.closeAll();
    // What a thread has taken is not ours to close.
    this.#look();
    for (const { connection } of this.#entries.values()) connection.close();
    this.#entries.clear();
    this.#unavailable.close();
  }

  warn(message: string, reason: string): void {
    const atMs = performance.now();
    if (atMs - this.#lastWarningAtMs < 1_000) return;
    this.#lastWarningAtMs = atMs;
    this.#options.logger?.warn(message, reason === "" ? {} : { reason });
  }

  #enter(entry: Entry): ConnectionId {
    const id = this.#nextId++;
    this.#entries.set(id, entry);
    return id;
  }

  #passedOn(worker: WorkerId, { tokens, pasts }: PassedOn, descriptors: readonly number[]): void {
    const binding = this.#binding;
    if (binding === null) return;
    for (const [index, token] of tokens.entries()) {
      const fd = descriptors[index];
      const isRefused = this.#isStopping || this.#dispatcher.held >= this.#options.maxHeld;
      if (fd === undefined || isRefused) {
        if (fd !== undefined) binding.close(fd);
        this.#receipts.returned({ worker, token });
        continue;
      }
      const past = pasts[index] ?? null;
      const id = this.#enter({ connection: new NativeConnection(binding, fd), past });
      this.#receipts.expect(id, { worker, token });
      const key = past?.key ?? this.addressOf({ fd, handle: null });
      this.#dispatcher.moved(id, key, performance.now());
    }
    if (descriptors.length < tokens.length)
      this.warn("kept connections stay with a draining worker", "this process may open no more descriptors");
  }

  #send(worker: WorkerId, ids: readonly ConnectionId[]): void {
    const entries = ids.flatMap((id) => this.#entries.get(id) ?? []);
    const connections = entries.map(({ connection }) => connection);
    const known = entries.some(({ past }) => past !== null) ? { pasts: entries.map(({ past }) => past) } : {};
    const lent = { type: "Lent", descriptors: connections.map(({ fd }) => fd), ...known } as const;
    const given = { type: "Connections", ...known } as const;
    const isSent = this.#lends ? this.send(worker, lent) : this.send(worker, given, connections);
    if (!isSent && this.#binding !== null) this.#dispatcher.unsent(worker, ids.length, performance.now());
  }

  #counted(worker: WorkerId, { taken, closed, own }: Totals): void {
    for (const id of this.#dispatcher.counted(worker, taken, closed, own)) {
      const connection = this.#forget(id);
      if (!this.#lends) connection?.close();
      this.#receipts.taken(id);
    }
  }

  #full(worker: WorkerId): void {
    this.#look();
    this.#dispatcher.full(worker, performance.now());
    this.send(worker, { type: "Again" });
    this.warn("a worker may open no more descriptors", `worker=${worker}: raise \`ulimit -n\``);
  }

  /** It takes nothing more: it has exited, or its end of the channel is closed. What it has not taken goes to others. */
  #gone(worker: WorkerId): void {
    this.#look();
    this.#counters?.close(worker);
    this.#receipts.forget(worker);
    const returned = this.#dispatcher.exited(worker);
    if (returned > 0)
      this.#options.logger?.info("connections of a dead worker go to others", { worker, count: returned });
    if (!this.#isReleased) this.dispatch();
  }

  #look(): void {
    this.#counters?.look((worker, totals) => this.#counted(worker, totals));
  }

  /** Whoever passed it on keeps it; if that worker has gone it is held on. */
  #giveBack(id: ConnectionId): void {
    if (this.#receipts.giveBack(id)) this.#forget(id)?.close();
    else if (this.#entries.has(id))
      this.#dispatcher.moved(id, this.#entries.get(id)?.past?.key ?? null, performance.now());
  }

  #refuse(id: ConnectionId): void {
    const connection = this.#forget(id);
    if (connection === undefined) return;
    if (this.#receipts.giveBack(id)) connection.close();
    else this.#unavailable.refuse(connection);
  }

  #forget(id: ConnectionId): Accepted | undefined {
    const connection = this.#entries.get(id)?.connection;
    this.#entries.delete(id);
    return connection;
  }

  /** Draining workers learn what became of what they passed on. */
  #tell(): void {
    for (const { worker, moved, returned } of this.#receipts.drain()) {
      if (moved.length > 0) this.send(worker, { type: "Moved", tokens: moved });
      if (returned.length > 0) this.send(worker, { type: "Returned", tokens: returned });
      if (moved.length > 0) this.#service?.recordMoved(worker, moved.length);
    }
  }
}
