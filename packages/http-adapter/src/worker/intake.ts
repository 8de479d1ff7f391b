// How connections come into this worker, by handoff:
//   listener    it accepts on the listening sockets that came with it
//   reuseport   the same on its slot's own sockets, and for a while on those of slots that have nobody
//   connection  the supervisor accepts, and passes each connection on
// With every one of them kept connections come from workers that drain, and leave for others when this one does.

import type { Server } from "node:net";
import { detached } from "@brood/core/callbacks";
import { type Binding, nativeSupport } from "@brood/core/native";
import type { HostOrder } from "@brood/core/worker";
import { CounterWriter } from "../handoff/counters.ts";
import { INHERITED_ROLE, LINK_ROLE, type ToWorker } from "../handoff/messages.ts";
import type { BareHandle } from "../listen/server-handle.ts";
import { closeGiven, type GivenSocket } from "../sharing/listen-channel.ts";
import type { Connection } from "./connection.ts";
import { ConnectionIntake } from "./connection-intake.ts";
import {
  type HandoffChannel,
  handleOfReceived,
  openHandoffChannel,
  pageOf,
  type Received,
} from "./handoff-channel.ts";
import type { HttpHostData } from "./host-data.ts";
import { LentSockets } from "./lent-sockets.ts";
import type { ListenCall } from "./listen-call.ts";
import { Arrivals, type Door } from "./moving/arrivals.ts";
import { Mover } from "./moving/mover.ts";
import { InheritedNoDelay } from "./no-delay.ts";
import { type SharedSocket, SharedSockets } from "./shared-sockets.ts";

/** The supervisor says End in the turn in which it learns of the drain; past this it is too busy to be waited for, and
 *  what it has sent and we have not taken goes to another worker. */
const END_WITHIN_MS = 1_000;

/** Without the addon nobody can be kept from connecting meanwhile, and a flood of them has no end. */
const EMPTY_WITHIN_MS = 1_000;

type IntakeData = "handoff" | "inheritsNoDelay" | "backlogs" | "moves";

/** How a server begins to get connections. */
export interface Opening {
  /** What `server.address()` says for a unix socket. */
  readonly path: string;
  /** As `brood` prints them. */
  readonly addresses: readonly string[];
  readonly options: ListenCall["options"];
  /** Sockets that were asked for. */
  readonly given: readonly GivenSocket[];
  /** Addresses that another server of the program serves. */
  readonly others: readonly string[];
}

export class Intake {
  readonly #order: HostOrder;
  #server: Server;
  readonly #handoff: HttpHostData["handoff"];
  readonly #backlogs: readonly (number | null)[];
  readonly #moves: boolean;
  readonly #binding: Binding | null;
  readonly #noDelay: InheritedNoDelay | null;
  readonly #lent: LentSockets | null;
  #channel: HandoffChannel | null = null;
  #sockets: SharedSockets | null = null;
  #connections: ConnectionIntake | null = null;
  #arrivals: Arrivals | null = null;
  #mover: Mover | null = null;
  /** Sockets of slots, while the program has no server open. */
  #waiting: { readonly slot: number; readonly handle: BareHandle }[] | null = null;
  #isClosed = false;
  #emptiesFirst = false;
  readonly #ended: Promise<void>;
  #end: () => void = () => {};

  constructor(
    order: HostOrder,
    server: Server,
    { handoff, inheritsNoDelay, backlogs, moves }: Pick<Required<HttpHostData>, IntakeData>,
  ) {
    this.#order = order;
    this.#server = server;
    this.#handoff = handoff;
    this.#backlogs = backlogs;
    const native = nativeSupport();
    const binding = native.ok ? native.binding : null;
    this.#binding = binding;
    this.#moves = moves && binding !== null;
    this.#noDelay = inheritsNoDelay ? new InheritedNoDelay(binding) : null;
    this.#lent = binding && new LentSockets(binding, (slot, handle) => this.#adopt(slot, handle));
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Resolves when connections can come. */
  async open({ path, addresses, options, given, others }: Opening): Promise<void> {
    const door: Door = (connection) => this.#door(connection);
    if (this.#handoff === "connection") {
      this.#connections = new ConnectionIntake(this.#server, addresses, this.#noDelay);
      for (const each of given) closeGiven(each);
      await this.#connections.open(options.backlog, path);
      this.#arrivals = this.#arrivalsBy(door, addresses);
      // Beyond maxConnections: Node closes it without a `connection`.
      this.#server.on("drop", () => this.#arrivals?.closed());
    } else {
      const listeners = [...this.#bornWith(others), ...given.map((each) => this.#sharedOf(each))];
      this.#sockets = await SharedSockets.open(this.#server, listeners, path, options, this.#noDelay);
    }
    if (this.#handoff === "listener" && !this.#moves) return;
    if (this.#moves && this.#sockets !== null) this.#arrivals = this.#arrivalsBy(door, addresses);
    this.#channel = this.#openChannel();
  }

  /** The program has closed its server. Sockets that come meanwhile wait for the next one. */
  paused(): void {
    this.#waiting ??= [];
  }

  /** The program has closed its server, and listens again; with another one, maybe. */
  async reopen(server: Server, { path, addresses, options, given }: Opening): Promise<void> {
    this.#server = server;
    if (this.#handoff === "connection") {
      this.#connections = new ConnectionIntake(server, addresses, this.#noDelay);
      for (const each of given) closeGiven(each);
      await this.#connections.open(options.backlog, path);
    } else {
      const listeners = given.map((each) => this.#sharedOf(each));
      this.#sockets = await SharedSockets.open(server, listeners, path, options, this.#noDelay);
    }
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const { slot, handle } of waiting) this.#adopt(slot, handle);
  }

  /** What waits in its sockets is this worker's to accept: after it nobody comes. */
  emptyFirst(): void {
    this.#emptiesFirst = true;
  }

  /** Takes nothing more. What was sent to it before is taken still. */
  async close(): Promise<void> {
    if (this.#emptiesFirst) await this.#sockets?.emptied(EMPTY_WITHIN_MS);
    if (this.#arrivals !== null) await within(this.#ended, END_WITHIN_MS);
    this.#isClosed = true;
    for (const { handle } of this.#waiting ?? []) handle.close();
    this.#lent?.close();
    this.#connections?.close();
    this.#sockets?.close();
  }

  /** Passes connections on from now on; null where they cannot move. */
  mover(): Mover | null {
    if (!this.#moves || this.#channel === null || this.#binding === null) return null;
    const { runtime } = this.#order.context;
    const { duplicate } = this.#binding;
    this.#mover ??= new Mover(this.#server, this.#channel, runtime === "thread" ? duplicate : null);
    return this.#mover;
  }

  connectionOpened(connection: Connection): void {
    this.#arrivals?.opened(connection);
  }

  /** A connection of the server has ended. */
  connectionClosed(): void {
    this.#arrivals?.closed();
  }

  /** True when it was ours. */
  message(payload: unknown, handle: unknown): boolean {
    return this.#channel?.take(payload, handle) ?? false;
  }

  #door(connection: BareHandle): void {
    (this.#connections?.door ?? this.#sockets?.door())?.(connection);
  }

  #bornWith(others: readonly string[]): readonly SharedSocket[] {
    const listening = this.#order.sockets.filter(({ role }) => role !== LINK_ROLE);
    return listening.flatMap(({ fd, role, address }, index) =>
      address !== null && others.includes(address)
        ? []
        : {
            descriptor: this.#order.ownSocket(fd),
            backlog: this.#backlogs[index] ?? null,
            isInherited: role === INHERITED_ROLE,
          },
    );
  }

  #sharedOf(given: GivenSocket): SharedSocket {
    const rest = { backlog: this.#backlogs[0] ?? null, isInherited: false };
    return "handle" in given ? { descriptor: -1, handle: given.handle, ...rest } : { ...given, ...rest };
  }

  #arrivalsBy(door: (connection: BareHandle) => void, addresses: readonly string[]): Arrivals {
    return new Arrivals(this.#server, addresses, door, () => this.#channel);
  }

  #openChannel(): HandoffChannel {
    return openHandoffChannel(this.#order, (message, received) => this.#receive(message, received), {
      refuse: (received) => this.#arrivals?.refuse(received),
      lost: () => this.#mover?.close(),
    });
  }

  #receive(message: ToWorker, received: readonly Received[]): void {
    switch (message.type) {
      case "Counters":
        return this.#countIn(received);
      case "Connections":
        return this.#arrivals?.take(received, message.pasts);
      case "Lent":
        return this.#arrivals?.take(
          message.descriptors.map((fd) => ({ fd, handle: null })),
          message.pasts,
        );
      case "Moved":
      case "Returned":
        return this.#mover?.receive(message);
      case "Again":
        return this.#arrivals?.again();
      case "End":
        return this.#end();
      case "Adopt":
        for (const each of received) {
          const handle = handleOfReceived(each);
          if (handle !== null) this.#adopt(message.slot, handle);
        }
        return;
      case "AdoptLent":
        if (!this.#isClosed) this.#lent?.take(message.slot, message.sockets);
        return;
      case "Release":
        this.#lent?.release(message.slot);
        this.#sockets?.release(message.slot);
        this.#channel?.send({ type: "Released", slot: message.slot });
        return;
    }
  }

  #adopt(slot: number, handle: BareHandle): void {
    // Sent before the supervisor knew of the drain: somebody else has it by now.
    if (this.#isClosed) handle.close();
    else if (this.#waiting !== null) this.#waiting.push({ slot, handle });
    else this.#sockets?.adopt(slot, handle);
  }

  /** Without the page receipts are told. */
  #countIn([received]: readonly Received[]): void {
    const page = received === undefined ? null : pageOf(received);
    if (page !== null) this.#arrivals?.countIn(new CounterWriter(page));
  }
}

function within(event: Promise<void>, limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, limitMs);
    const over = (): void => {
      clearTimeout(timer);
      resolve();
    };
    detached(event.then(over), over);
  });
}
