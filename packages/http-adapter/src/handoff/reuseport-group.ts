// The kernel's list of the sockets that share a port, as far as steering has to know it: a socket is added at the end
// when it begins to listen, and when one is closed the last takes its place (reuseport_add_sock and
// reuseport_detach_sock in net/core/sock_reuseport.c). Pure.

import type { SlotIndex } from "./names.ts";

export class ReuseportGroup {
  readonly #order: SlotIndex[] = [];

  add(slot: SlotIndex): void {
    this.#order.push(slot);
  }

  remove(slot: SlotIndex): void {
    const index = this.#order.indexOf(slot);
    const last = this.#order.pop();
    if (last !== undefined && index >= 0 && index < this.#order.length) this.#order[index] = last;
  }

  /** The one that will move when another is closed. */
  get last(): SlotIndex | undefined {
    return this.#order.at(-1);
  }

  indexesOf(slots: readonly SlotIndex[]): readonly number[] {
    return slots.map((slot) => this.#order.indexOf(slot)).filter((index) => index >= 0);
  }
}
