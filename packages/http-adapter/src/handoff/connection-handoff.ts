// Accepts connections for the workers, and leaves it to delivery.ts who gets them; answers 503 for what waited in vain.
// The control plane is never held up: each turn takes a bounded batch, and nothing here waits.

import type { PassedSocket, Service, WorkerSeat } from "@brood/core";
import { badOption } from "@brood/core/errors";
import { type Binding, nativeSupport } from "@brood/core/native";
import type { BoundSocket } from "../listen/bind.ts";
import type { Patience } from "../listen/last-connections.ts";
import type { BareHandle } from "../listen/server-handle.ts";
import {
  type Accepted,
  type Acceptor,
  type AcceptorSink,
  handleAcceptor,
  nativeAcceptor,
} from "./acceptor.ts";
import { takeMessage } from "./channels.ts";
import { Delivery, type DeliveryOptions } from "./delivery.ts";
import { FirstBytes, type KeyOfFirstBytes } from "./first-bytes.ts";
import { type Handoff, unreachableOf } from "./handoff.ts";
import { acceptLast } from "./last-accepts.ts";
import type { WorkerId } from "./names.ts";

export interface ConnectionOptions extends Omit<DeliveryOptions, "isByAddress"> {
  /** Sticky by these instead of the client's address. */
  readonly keyOf: KeyOfFirstBytes | undefined;
}

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
  readonly #delivery: Delivery;
  readonly #firstBytes: FirstBytes | null;
  #acceptors: readonly Acceptor[] = [];
  #service: Service | null = null;
  /** On addresses that the program has chosen; the sockets are somebody else's to close. */
  readonly #chosen: Map<string, { readonly socket: BoundSocket; readonly acceptor: Acceptor }> = new Map();

  constructor(sockets: readonly BoundSocket[], options: ConnectionOptions, binding: Binding | null) {
    this.#sockets = sockets;
    this.#options = options;
    this.#binding = binding;
    this.addresses = sockets.map(({ address }) => address);
    const isByAddress = options.balance === "sticky" && options.keyOf === undefined;
    this.#delivery = new Delivery(binding, { ...options, isByAddress });
    this.#firstBytes = binding === null || options.keyOf === undefined ? null : new FirstBytes(binding);
  }

  unreachable(): readonly string[] {
    return unreachableOf(this.#sockets);
  }

  attach(service: Service): void {
    this.#service = service;
    this.#delivery.attach(service, undefined, () => {
      for (const acceptor of this.#allAcceptors) acceptor.pause(this.#delivery.room === 0);
    });
    this.#acceptors = this.#sockets.map((socket) => this.#acceptOn(socket));
  }

  takeMessage(worker: WorkerId, payload: unknown): boolean {
    return takeMessage(this.#service, worker, payload, (...said) => this.#delivery.receive(...said));
  }

  socketsAgain(): readonly BareHandle[] {
    return [];
  }

  accepting(worker: WorkerId, isAccepting: boolean): void {
    this.#delivery.accepting(worker, isAccepting);
  }

  serve(socket: BoundSocket): void {
    this.#chosen.set(socket.address, { socket, acceptor: this.#acceptOn(socket) });
  }

  withdraw(address: string): void {
    this.#chosen.get(address)?.acceptor.close();
    this.#chosen.delete(address);
  }

  socketsOf({ worker }: WorkerSeat): readonly PassedSocket[] {
    return this.#delivery.open(worker);
  }

  slotClosed(): void {}

  /** While workers are ready they get what is accepted last; what nobody took in time is refused in words. */
  async stopping(patience: Patience): Promise<void> {
    const isTaken = (): boolean => this.#delivery.held === 0;
    const sockets = [...this.#sockets, ...[...this.#chosen.values()].map(({ socket }) => socket)];
    await acceptLast(this.#binding, sockets, this.#allAcceptors, patience, isTaken);
    this.#delivery.stopping();
  }

  async release(): Promise<void> {
    this.#firstBytes?.close();
    for (const acceptor of this.#allAcceptors) acceptor.close();
    this.#delivery.close();
    await Promise.all(this.#sockets.map((each) => each.release()));
  }

  get #allAcceptors(): readonly Acceptor[] {
    return [...this.#acceptors, ...[...this.#chosen.values()].map(({ acceptor }) => acceptor)];
  }

  #acceptOn(socket: BoundSocket): Acceptor {
    const sink: AcceptorSink = {
      room: () => this.#delivery.room,
      accepted: (connections) => this.#accepted(connections),
      failed: (error) => this.#delivery.warn("cannot accept: connections wait in the kernel", error.message),
    };
    return this.#binding === null
      ? handleAcceptor(socket.bare, socket.backlog, sink)
      : nativeAcceptor(this.#binding, socket.descriptor, sink);
  }

  #accepted(connections: readonly Accepted[]): void {
    const { keyOf, holdTimeoutMs, maxHeld } = this.#options;
    const waiting = { timeoutMs: holdTimeoutMs, waitingMax: maxHeld };
    for (const connection of connections) {
      const id = this.#delivery.hold(connection);
      if (this.#firstBytes === null || keyOf === undefined)
        this.#delivery.queue(id, this.#delivery.addressOf(connection));
      else {
        this.#firstBytes.look(connection, waiting, (bytes) => {
          this.#delivery.queue(id, bytes === null ? null : this.#keyOf(keyOf, bytes), true);
          this.#delivery.dispatch();
        });
      }
    }
    this.#delivery.dispatch();
  }

  #keyOf(keyOf: KeyOfFirstBytes, bytes: Buffer): string | null {
    return this.#delivery.guard.ask<string | null>("balance", () => keyOf(bytes), {
      read: (key) => (key === undefined || key === null ? null : typeof key === "string" ? key : undefined),
      accepted: "a string, or undefined for a client without a key",
      fallback: null,
      instead: "The client goes to the worker with the fewest connections.",
    });
  }
}
