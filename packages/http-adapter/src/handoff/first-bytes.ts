// The first bytes of a connection, looked at and left in the socket, so that a client can be known by what it sends.
// Natively only: MSG_PEEK takes nothing away from the worker that will read them.

import { type Binding, READABLE } from "@brood/core/native";
import type { Accepted } from "./acceptor.ts";

/** A request line, a cookie and the Host header fit; more would be copied for every connection. */
const PEEK_BYTES = 2_048;

/** Reads a client's key out of its first bytes. @returns undefined for a client without one. */
export type KeyOfFirstBytes = (firstBytes: Buffer) => string | undefined;

export class FirstBytes {
  readonly #binding: Binding;
  readonly #buffer: Buffer = Buffer.allocUnsafeSlow(PEEK_BYTES);
  /** What ends the wait of those that have not said anything yet, the oldest first. */
  readonly #waits: Set<{ readonly stop: () => void; readonly giveUp: () => void }> = new Set();

  constructor(binding: Binding) {
    this.#binding = binding;
  }

  /** Silent clients must not keep the others out: beyond `waitingMax` the oldest goes without a key.
   *  Calls `found` once, with null when nothing came in time. The view is only good during the call. */
  look(
    { fd }: Accepted,
    { timeoutMs, waitingMax }: { readonly timeoutMs: number; readonly waitingMax: number },
    found: (firstBytes: Buffer | null) => void,
  ): void {
    const now = this.#peek(fd);
    if (now !== null) return found(now);
    let timer: NodeJS.Timeout | undefined;
    const stop = (): void => {
      clearTimeout(timer);
      this.#binding.watchStop(watch);
      this.#waits.delete(wait);
    };
    const giveUp = (): void => {
      stop();
      found(null);
    };
    const wait = { stop, giveUp };
    const watch = this.#binding.watchStart(fd, READABLE, () => {
      const bytes = this.#peek(fd);
      if (bytes === null) return;
      stop();
      found(bytes);
    });
    timer = setTimeout(giveUp, timeoutMs);
    timer.unref();
    this.#waits.add(wait);
    if (this.#waits.size > waitingMax) for (const oldest of [...this.#waits].slice(0, 1)) oldest.giveUp();
  }

  /** Stops looking; the connections stay their owner's. */
  close(): void {
    for (const { stop } of [...this.#waits]) stop();
  }

  /** Null: none yet. */
  #peek(fd: number): Buffer | null {
    const count = this.#binding.peek(fd, this.#buffer);
    return count < 0 ? null : this.#buffer.subarray(0, count);
  }
}
