// Slots that wait their turn, first come first served, each at most once. A Set keeps the same order, but whoever takes
// its first element again and again walks over the places of all that were taken before; with 10,000 slots that was a
// quarter of a roll's cost. Who waits is marked at the slot's own index: a Set would look it up by a hash, each time in
// another cold line of memory.

import type { SlotIndex } from "./names.ts";

/** Places of slots that have left are cleared away when there are more of them than of the others, and at least these. */
const GAPS_MIN = 64;

export class SlotQueue {
  /** By slot. */
  readonly #waits: boolean[] = [];
  #count = 0;
  #places: SlotIndex[] = [];
  #head = 0;

  has(slot: SlotIndex): boolean {
    return this.#waits[slot] === true;
  }

  /** At the end, unless it waits already. */
  add(slot: SlotIndex): void {
    if (this.has(slot)) return;
    while (this.#waits.length < slot) this.#waits.push(false);
    this.#waits[slot] = true;
    this.#count += 1;
    this.#places.push(slot);
    if (this.#places.length > 2 * this.#count + GAPS_MIN) this.#clear();
  }

  delete(slot: SlotIndex): void {
    if (!this.has(slot)) return;
    this.#waits[slot] = false;
    this.#count -= 1;
  }

  /** The one that has waited longest; it stays until it is deleted. */
  first(): SlotIndex | null {
    for (; this.#head < this.#places.length; this.#head += 1) {
      const slot = this.#places[this.#head];
      if (slot !== undefined && this.has(slot)) return slot;
    }
    return null;
  }

  #clear(): void {
    const waiting = this.#places.slice(this.#head).filter((slot) => this.has(slot));
    this.#places = [...new Set(waiting)];
    this.#head = 0;
  }
}
