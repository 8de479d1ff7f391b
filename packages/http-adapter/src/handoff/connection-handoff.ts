// Performs what dispatcher.ts decides: accepts, hands connections to workers in batches, keeps its own copy of each until
// the worker has taken it, answers 503 for what waited in vain.
// The control plane is never held up: connections travel over channels of their own, each turn takes a bounded batch, and
// nothing here waits.

import type { Logger, PassedSocket, Service, WorkerSeat } from "@brood/core";
import { badOption } from "@brood/core/errors";
import { type Binding, nativeSupport } from "@brood/core/native";
import type { BoundSocket } from "../listen/bind.ts";
import type { Patience } from "../listen/last-connections.ts";
import { peerOfHandle } from "../listen/server-handle.ts";
import {
  type Accepted,
  type Acceptor,
  type AcceptorSink,
  handleAcceptor,
  nativeAcceptor,
} from "./acceptor.ts";
import type { Balance } from "./balance.ts";
import { type Channels, channelsOf, type ReceiveFromWorker, takeMessage } from "./channels.ts";
import { CounterPages, type Totals } from "./counters.ts";
import { type ConnectionId, Dispatcher } from "./dispatcher.ts";
import { FirstBytes, type KeyOfFirstBytes } from "./first-bytes.ts";
import { type Handoff, unreachableOf } from "./handoff.ts";
import { acceptLast } from "./last-accepts.ts";
import type { WorkerId } from "./names.ts";
import { type OnError, Unavailable } from "./unavailable.ts";

export interface ConnectionOptions {
  readonly balance: Balance;
  /** Sticky by these instead of the client's address. */
  readonly keyOf: KeyOfFirstBytes | undefined;
  readonly maxHeld: number;
  readonly holdTimeoutMs: number;
  readonly onError: OnError | undefined;
  readonly logger: Logger | undefined;
  readonly runtime: "process" | "thread";
}

/** The supervisor's copy of a connection is closed so late at the most: until then a client does not see that a worker has
 *  closed without a word. Under load every accept looks anyway. */
const LOOK_EVERY_MS = 4;

/** @throws PoolError BROOD_BAD_OPTION where it cannot work. */
export function connectionHandoff(sockets: readonly BoundSocket[], options: ConnectionOptions): Handoff {
  return new ConnectionHandoff(sockets, options, connectionBinding(options));
}

/** The addon, or null without it. @throws PoolError BROOD_BAD_OPTION when it is needed. */
export function connectionBinding({ keyOf }: Pick<ConnectionOptions, "keyOf">): Binding | null {
  const native = nativeSupport();
  if (native.ok) return native.binding;
  if (keyOf === undefined) return null;
  const accepted = `"sticky" (by client address) without the native addon, which is what can look at first bytes: ${native.reason}`;
  throw badOption("balance", "a function", accepted);
}

class ConnectionHandoff implements Handoff {
  readonly kind = "connection";
  readonly addresses: readonly string[];
  /** The supervisor's own business. */
  readonly backlogs: readonly (number | null)[] = [];
  readonly #sockets: readonly BoundSocket[];
  readonly #options: ConnectionOptions;
  readonly #binding: Binding | null;
  /** Threads get the numbers of our descriptors and take those over; a copy for each connection would let a full table end
   *  every thread, one after the other. */
  readonly #lends: boolean;
  readonly #dispatcher: Dispatcher;
  readonly #unavailable: Unavailable;
  readonly #firstBytes: FirstBytes | null;
  readonly #connections: Map<ConnectionId, Accepted> = new Map();
  readonly #counters: CounterPages | null;
  #channels: Channels | null = null;
  #acceptors: readonly Acceptor[] = [];
  #nextId: ConnectionId = 1;
  #isStopping = false;
  #isReleased = false;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #lastWarningAtMs = Number.NEGATIVE_INFINITY;
  readonly #receive: ReceiveFromWorker = (worker, message) => {
    if (message.type !== "Counts") return;
    this.#counted(worker, message);
    this.#dispatch();
  };

  constructor(sockets: readonly BoundSocket[], options: ConnectionOptions, binding: Binding | null) {
    this.#sockets = sockets;
    this.#options = options;
    this.#binding = binding;
    this.#lends = binding !== null && options.runtime === "thread";
    this.addresses = sockets.map(({ address }) => address);
    this.#counters = binding === null ? null : new CounterPages(binding);
    this.#dispatcher = new Dispatcher({ ...options, lookEveryMs: binding === null ? null : LOOK_EVERY_MS });
    this.#unavailable = new Unavailable(options.onError, (error) =>
      options.logger?.error("onError threw", { reason: String(error) }),
    );
    this.#firstBytes = binding === null || options.keyOf === undefined ? null : new FirstBytes(binding);
  }

  unreachable(): readonly string[] {
    return unreachableOf(this.#sockets);
  }

  attach(service: Service): void {
    this.#channels = channelsOf(this.#binding, service, this.#receive, (worker) => this.#gone(worker));
    service.on("worker:ready", ({ worker, slot }) => {
      this.#dispatcher.ready(worker, slot);
      this.#dispatch();
    });
    service.on("worker:draining", ({ worker }) => {
      this.#dispatcher.draining(worker);
      this.#channels?.send(worker, { type: "End" }, []);
      this.#dispatch();
    });
    service.on("worker:exited", ({ worker }) => this.#exited(worker));
    this.#acceptors = this.#sockets.map((socket) => this.#acceptOn(socket));
  }

  takeMessage(worker: WorkerId, payload: unknown): boolean {
    return takeMessage(worker, payload, this.#receive);
  }

  socketsOf({ worker }: WorkerSeat): readonly PassedSocket[] {
    const sockets = this.#channels?.open(worker) ?? [];
    const page = this.#counters?.open(worker) ?? null;
    if (page !== null) {
      this.#channels?.send(worker, { type: "Counters" }, [{ fd: page, handle: null }]);
      this.#binding?.close(page);
    }
    return sockets;
  }

  slotClosed(): void {}

  /** While workers are ready they get what is accepted last; what nobody took in time is refused in words. */
  async stopping(patience: Patience): Promise<void> {
    const isTaken = (): boolean => this.#dispatcher.held === 0;
    await acceptLast(this.#binding, this.#sockets, this.#acceptors, patience, isTaken);
    this.#isStopping = true;
    for (const id of this.#dispatcher.giveUp()) this.#refuse(id);
  }

  async release(): Promise<void> {
    this.#isReleased = true;
    clearTimeout(this.#timer);
    this.#firstBytes?.close();
    for (const acceptor of this.#acceptors) acceptor.close();
    this.#channels?.closeAll();
    // What a thread has taken is not ours to close.
    this.#look();
    for (const connection of this.#connections.values()) connection.close();
    this.#connections.clear();
    this.#unavailable.close();
    await Promise.all(this.#sockets.map((each) => each.release()));
  }

  #acceptOn(socket: BoundSocket): Acceptor {
    const sink: AcceptorSink = {
      room: () => this.#dispatcher.room,
      accepted: (connections) => this.#accepted(connections),
      failed: (error) => this.#warn("cannot accept: connections wait in the kernel", error.message),
    };
    return this.#binding === null
      ? handleAcceptor(socket.bare, socket.backlog, sink)
      : nativeAcceptor(this.#binding, socket.descriptor, sink);
  }

  #accepted(connections: readonly Accepted[]): void {
    const { keyOf, holdTimeoutMs, maxHeld } = this.#options;
    const waiting = { timeoutMs: holdTimeoutMs, waitingMax: maxHeld };
    for (const connection of connections) {
      const id = this.#nextId++;
      this.#connections.set(id, connection);
      if (this.#firstBytes === null || keyOf === undefined) this.#queue(id, this.#addressOf(connection));
      else {
        this.#firstBytes.look(connection, waiting, (bytes) => {
          this.#queue(id, bytes === null ? null : this.#keyOf(keyOf, bytes));
          this.#dispatch();
        });
      }
    }
    this.#dispatch();
  }

  #queue(id: ConnectionId, key: string | null): void {
    this.#dispatcher.accepted(id, key, performance.now());
  }

  /** A function of the user's: what it throws costs the client its stickiness and nobody anything else. */
  #keyOf(keyOf: KeyOfFirstBytes, bytes: Buffer): string | null {
    try {
      return keyOf(bytes) ?? null;
    } catch (error) {
      this.#warn("the balance function threw", String(error));
      return null;
    }
  }

  #addressOf({ fd, handle }: Accepted): string | null {
    if (this.#options.balance !== "sticky") return null;
    const address = this.#binding === null ? peerOfHandle(handle) : this.#binding.peerAddress(fd);
    return address === "" ? null : address;
  }

  #counted(worker: WorkerId, { taken, closed }: Totals): void {
    for (const id of this.#dispatcher.counted(worker, taken, closed)) {
      const connection = this.#forget(id);
      if (!this.#lends) connection?.close();
    }
  }

  #exited(worker: WorkerId): void {
    this.#dispatcher.draining(worker);
    this.#channels?.finish(worker, () => this.#gone(worker));
  }

  /** It takes nothing more: it has exited, or its end of the channel is closed. What it has not taken goes to others. */
  #gone(worker: WorkerId): void {
    this.#look();
    this.#counters?.close(worker);
    const returned = this.#dispatcher.exited(worker);
    if (returned > 0)
      this.#options.logger?.info("connections of a dead worker go to others", { worker, count: returned });
    if (!this.#isReleased) this.#dispatch();
  }

  #look(): void {
    this.#counters?.look((worker, totals) => this.#counted(worker, totals));
  }

  #dispatch(): void {
    this.#look();
    const { sent, refused } = this.#dispatcher.dispatch(performance.now());
    for (const [worker, ids] of sent) {
      const connections: Accepted[] = [];
      for (const id of ids) {
        const connection = this.#connections.get(id);
        if (connection !== undefined) connections.push(connection);
      }
      // If it cannot be sent the worker is dying; its end brings them back.
      if (!this.#lends) this.#channels?.send(worker, { type: "Connections" }, connections);
      else this.#channels?.send(worker, { type: "Lent", descriptors: connections.map(({ fd }) => fd) }, []);
    }
    for (const id of refused) this.#refuse(id);
    if (this.#isStopping) for (const id of this.#dispatcher.giveUp()) this.#refuse(id);
    if (refused.length > 0) this.#warn("connections were answered 503: no worker was ready in time", "");
    for (const acceptor of this.#acceptors) acceptor.pause(this.#dispatcher.room === 0);
    this.#arm();
  }

  #refuse(id: ConnectionId): void {
    const connection = this.#forget(id);
    if (connection !== undefined) this.#unavailable.refuse(connection);
  }

  #forget(id: ConnectionId): Accepted | undefined {
    const connection = this.#connections.get(id);
    this.#connections.delete(id);
    return connection;
  }

  #arm(): void {
    const atMs = this.#dispatcher.nextDeadlineAtMs() ?? Number.POSITIVE_INFINITY;
    // One that comes too early arms the next; with every dispatch a new one would cost more than that.
    if (atMs >= this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    this.#timer = setTimeout(
      () => {
        this.#timerAtMs = Number.POSITIVE_INFINITY;
        this.#dispatch();
      },
      Math.max(1, Math.ceil(atMs - performance.now())),
    );
    this.#timer.unref();
  }

  /** Once a second: a flood must not become one of the log. */
  #warn(message: string, reason: string): void {
    const atMs = performance.now();
    if (atMs - this.#lastWarningAtMs < 1_000) return;
    this.#lastWarningAtMs = atMs;
    this.#options.logger?.warn(message, reason === "" ? {} : { reason });
  }
}
