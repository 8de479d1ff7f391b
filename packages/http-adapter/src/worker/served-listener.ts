// The listener that the worker serves as its public one. The program may close it and listen with another.

import type { Listener } from "../sharing/listener.ts";

export class ServedListener {
  #current: Listener | null = null;
  readonly #waiting: (() => void)[] = [];

  get current(): Listener | null {
    return this.#current;
  }

  set(listener: Listener): void {
    if (this.#current !== null) this.#current.isMain = false;
    listener.isMain = true;
    this.#current = listener;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** False: another one is served. */
  forget(listener: Listener): boolean {
    if (this.#current !== listener) return false;
    this.#current = null;
    return true;
  }

  /** Resolves with the one that is there, and still is there with the next turn of the event loop. */
  async steady(): Promise<Listener> {
    for (;;) {
      if (this.#current === null) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      await nextTurn();
      if (this.#current !== null) return this.#current;
    }
  }
}

/** What was imported has settled by the next turn of the event loop, unless it awaits something itself. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
