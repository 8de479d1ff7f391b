// How connections come into this worker, by handoff:
//   listener    it accepts on the listening sockets that came with it
//   reuseport   the same on its slot's own sockets, and for a while on those of slots that have nobody
//   connection  the supervisor accepts, and passes each connection on

import type { Server } from "node:net";
import { nativeSupport } from "@brood/core/native";
import type { HostOrder } from "@brood/core/worker";
import { CounterWriter } from "../handoff/counters.ts";
import { INHERITED_ROLE, LINK_ROLE, type ToWorker } from "../handoff/messages.ts";
import type { BareHandle } from "../listen/server-handle.ts";
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
import { InheritedNoDelay } from "./no-delay.ts";
import { SharedSockets } from "./shared-sockets.ts";

/** The supervisor says End in the turn in which it learns of the drain; past this it is too busy to be waited for, and
 *  what it has sent and we have not taken goes to another worker. */
const END_WITHIN_MS = 1_000;

/** Without the addon nobody can be kept from connecting meanwhile, and a flood of them has no end. */
const EMPTY_WITHIN_MS = 1_000;

type IntakeData = "handoff" | "inheritsNoDelay" | "backlogs";

export class Intake {
  readonly #order: HostOrder;
  readonly #server: Server;
  readonly #handoff: HttpHostData["handoff"];
  readonly #backlogs: readonly (number | null)[];
  readonly #noDelay: InheritedNoDelay | null;
  readonly #lent: LentSockets | null;
  #channel: HandoffChannel | null = null;
  #sockets: SharedSockets | null = null;
  #connections: ConnectionIntake | null = null;
  #isClosed = false;
  #emptiesFirst = false;
  readonly #ended: Promise<void>;
  #end: () => void = () => {};

  constructor(
    order: HostOrder,
    server: Server,
    { handoff, inheritsNoDelay, backlogs }: Pick<Required<HttpHostData>, IntakeData>,
  ) {
    this.#order = order;
    this.#server = server;
    this.#handoff = handoff;
    this.#backlogs = backlogs;
    const native = nativeSupport();
    const binding = native.ok ? native.binding : null;
    this.#noDelay = inheritsNoDelay ? new InheritedNoDelay(binding) : null;
    this.#lent = binding && new LentSockets(binding, (slot, handle) => this.#adopt(slot, handle));
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Resolves when connections can come.
   *  @param path  what `server.address()` says for a unix socket  @param addresses  as `brood` prints them */
  async open(path: string, addresses: readonly string[], options: ListenCall["options"]): Promise<void> {
    if (this.#handoff === "connection") {
      this.#connections = new ConnectionIntake(this.#server, addresses, () => this.#channel, this.#noDelay);
      await this.#connections.open(options.backlog, path);
    } else {
      const listening = this.#order.sockets.filter(({ role }) => role !== LINK_ROLE);
      const listeners = listening.map(({ fd, role }, index) => ({
        descriptor: this.#order.ownSocket(fd),
        backlog: this.#backlogs[index] ?? null,
        isInherited: role === INHERITED_ROLE,
      }));
      this.#sockets = await SharedSockets.open(this.#server, listeners, path, options, this.#noDelay);
    }
    if (this.#handoff === "listener") return;
    this.#channel = openHandoffChannel(this.#order, (message, received) => this.#receive(message, received));
  }

  /** What waits in its sockets is this worker's to accept: after it nobody comes. */
  emptyFirst(): void {
    this.#emptiesFirst = true;
  }

  /** Takes nothing more. What was sent to it before is taken still. */
  async close(): Promise<void> {
    if (this.#emptiesFirst) await this.#sockets?.emptied(EMPTY_WITHIN_MS);
    if (this.#connections !== null) await within(this.#ended, END_WITHIN_MS);
    this.#isClosed = true;
    this.#lent?.close();
    this.#connections?.close();
    this.#sockets?.close();
  }

  /** A connection of the server has ended. */
  connectionClosed(): void {
    this.#connections?.closed();
  }

  /** True when it was ours. */
  message(payload: unknown, handle: unknown): boolean {
    return this.#channel?.take(payload, handle) ?? false;
  }

  #receive(message: ToWorker, received: readonly Received[]): void {
    switch (message.type) {
      case "Counters":
        return this.#countIn(received);
      case "Connections":
        return this.#connections?.take(received);
      case "Lent":
        return this.#connections?.take(message.descriptors.map((fd) => ({ fd, handle: null })));
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
    else this.#sockets?.adopt(slot, handle);
  }

  /** Without the page receipts are told. */
  #countIn([received]: readonly Received[]): void {
    const page = received === undefined ? null : pageOf(received);
    if (page !== null) this.#connections?.countIn(new CounterWriter(page));
  }
}

function within(event: Promise<void>, limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, limitMs);
    void event.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
