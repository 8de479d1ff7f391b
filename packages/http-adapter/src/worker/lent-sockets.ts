// Sockets of other slots that a thread is to serve. It makes descriptors of its own of the supervisor's: one table holds both,
// and sent ones, when that table is full, would end the thread with all that it serves. While it is full they are tried again;
// what connects meanwhile waits in the kernel.
// Rule: a descriptor is known by its inode. A thread that was busy for long may read of one whose number is somebody else's
// by then (others have served and closed that socket).

import { fstatSync } from "node:fs";
import type { Binding } from "@brood/core/native";
import type { LentSocket } from "../handoff/messages.ts";
import { adoptDescriptor, type BareHandle } from "../listen/server-handle.ts";

/** Descriptors come back when connections end. */
const RETRY_MS = 50;

const { setTimeout, clearTimeout } = globalThis;

type Adopt = (slot: number, handle: BareHandle) => void;

export class LentSockets {
  readonly #binding: Binding;
  readonly #adopt: Adopt;
  /** Slots whose sockets could not be opened yet. */
  readonly #waiting: Map<number, NodeJS.Timeout> = new Map();

  /** @param adopt  called for each socket, once it is open */
  constructor(binding: Binding, adopt: Adopt) {
    this.#binding = binding;
    this.#adopt = adopt;
  }

  take(slot: number, sockets: readonly LentSocket[]): void {
    this.release(slot);
    const left = sockets.filter((each) => !this.#open(slot, each));
    if (left.length === 0) return;
    const timer = setTimeout(() => this.take(slot, left), RETRY_MS);
    this.#waiting.set(slot, timer.unref());
  }

  /** Those that are not open yet will not be. */
  release(slot: number): void {
    clearTimeout(this.#waiting.get(slot));
    this.#waiting.delete(slot);
  }

  close(): void {
    for (const slot of [...this.#waiting.keys()]) this.release(slot);
  }

  /** False: no descriptor is left. One that is gone, or somebody else's by now, is nothing to wait for. */
  #open(slot: number, { fd, inode }: LentSocket): boolean {
    let own: number;
    try {
      own = this.#binding.duplicate(fd);
    } catch (error) {
      return !isExhausted(error);
    }
    const adopted = fstatSync(own).ino === inode ? adoptDescriptor(own) : null;
    if (adopted?.ok) this.#adopt(slot, adopted.handle.bare);
    else this.#binding.close(own);
    return true;
  }
}

function isExhausted(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "EMFILE" || error.code === "ENFILE");
}
