// A worker's end of listening: asks the supervisor for an address, and gets the sockets that all workers share.

import { closeSync, fstatSync } from "node:fs";
import type { HostOrder } from "@brood/core/worker";
import type { BareHandle } from "../listen/server-handle.ts";
import { readToListener, type ToListener, type ToSupervisor } from "./messages.ts";
import type { Wanted } from "./wanted.ts";

/** A socket that came: libuv's handle (over IPC), or a descriptor. It is the receiver's. */
export type GivenSocket = { readonly handle: BareHandle } | { readonly descriptor: number };

export type Answer =
  | {
      readonly ok: true;
      readonly id: number;
      readonly address: string;
      readonly sockets: readonly GivenSocket[];
    }
  | { readonly ok: false; readonly id: number; readonly code: string; readonly message: string };

export interface ListenQuestion {
  readonly wanted: Wanted;
  readonly isPublic: boolean;
  readonly backlog: number | null;
  readonly addressOnly: boolean;
  readonly isSecond?: boolean;
}

interface Waiting {
  readonly sockets: GivenSocket[];
  readonly answer: (answer: Answer) => void;
}

export class ListenChannel {
  readonly #order: Pick<HostOrder, "post" | "ownSocket">;
  readonly #waiting: Map<number, Waiting> = new Map();
  #nextId = 1;
  #onAnswered: () => void = () => {};

  constructor(order: Pick<HostOrder, "post" | "ownSocket">) {
    this.#order = order;
  }

  /** @param take  called once, with what came */
  ask(question: ListenQuestion, take: (answer: Answer) => void): void {
    const id = this.#nextId++;
    this.#waiting.set(id, { sockets: [], answer: take });
    this.tell({ brood: "listen", id, isSecond: false, ...question });
  }

  /** Resolves when every question has been answered, those too that were asked meanwhile. */
  async answered(): Promise<void> {
    while (this.#waiting.size > 0)
      await new Promise<void>((resolve) => {
        this.#onAnswered = resolve;
      });
  }

  tell(message: ToSupervisor): void {
    this.#order.post(message);
  }

  /** True when it was about listening. */
  take(payload: unknown, came: unknown): boolean {
    const message = readToListener(payload);
    if (message === null) return false;
    const waiting = this.#waiting.get(message.id);
    if (message.brood === "not-listening") {
      this.#waiting.delete(message.id);
      waiting?.answer({ ok: false, ...message });
      this.#onAnswered();
      return true;
    }
    const socket = this.#socketOf(message, came);
    if (waiting === undefined) {
      if (socket !== null) closeGiven(socket);
      return true;
    }
    if (socket !== null) waiting.sockets.push(socket);
    if (message.index + 1 < message.count) return true;
    this.#waiting.delete(message.id);
    const { id, address } = message;
    waiting.answer({ ok: true, id, address, sockets: waiting.sockets });
    this.#onAnswered();
    return true;
  }

  #socketOf(
    { fd, inode }: Extract<ToListener, { readonly brood: "listening" }>,
    came: unknown,
  ): GivenSocket | null {
    if (isBareHandle(came)) return { handle: came };
    if (isDescriptor(came)) return { descriptor: came.descriptor };
    if (fd === null) return null;
    const descriptor = this.#order.ownSocket(fd);
    if (fstatSync(descriptor).ino === inode) return { descriptor };
    closeSync(descriptor);
    return null;
  }
}

export function closeGiven(socket: GivenSocket): void {
  if ("handle" in socket) socket.handle.close();
  else closeSync(socket.descriptor);
}

function isBareHandle(value: unknown): value is BareHandle {
  return typeof value === "object" && value !== null && "close" in value && "fd" in value;
}

function isDescriptor(value: unknown): value is { readonly descriptor: number } {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, "descriptor") === "number";
}
