// The live workers by their ids. A Map would do; but it places strings by their hash, so that with 10,000 workers each
// look-up meets several cold lines of memory, and it makes a new table again and again as ids come and go. Ids are numbered
// in the order of birth: a table that is addressed by that number has neighbours in age as neighbours in memory.
// Workers whose numbers share a place are chained through their records.

import { serialOf, type WorkerId } from "./names.ts";
import type { Worker } from "./registry.ts";

/** A power of two. */
const PLACES_MIN = 16;

export class WorkerTable {
  #places: (Worker | null)[] = emptyPlaces(PLACES_MIN);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: WorkerId): Worker | undefined {
    const found = this.bySerial(serialOf(id));
    return found?.id === id ? found : undefined;
  }

  has(id: WorkerId): boolean {
    return this.get(id) !== undefined;
  }

  bySerial(serial: number): Worker | undefined {
    let worker = this.#places[this.#placeOf(serial)] ?? null;
    while (worker !== null && worker.serial !== serial) worker = worker.next;
    return worker ?? undefined;
  }

  /** One that is not in it. */
  add(worker: Worker): void {
    if (this.#size >= this.#places.length) this.#grow();
    this.#chain(worker);
    this.#size += 1;
  }

  delete(worker: Worker): void {
    const place = this.#placeOf(worker.serial);
    const first = this.#places[place] ?? null;
    if (first === worker) this.#places[place] = worker.next;
    else unchain(first, worker);
    worker.next = null;
    this.#size -= 1;
  }

  /** Oldest first. */
  values(): readonly Worker[] {
    const workers: Worker[] = [];
    for (const first of this.#places)
      for (let worker = first; worker !== null; worker = worker.next) workers.push(worker);
    return workers.sort((a, b) => a.serial - b.serial);
  }

  #placeOf(serial: number): number {
    return serial & (this.#places.length - 1);
  }

  #chain(worker: Worker): void {
    const place = this.#placeOf(worker.serial);
    worker.next = this.#places[place] ?? null;
    this.#places[place] = worker;
  }

  #grow(): void {
    const workers = this.values();
    this.#places = emptyPlaces(2 * this.#places.length);
    for (const worker of workers) this.#chain(worker);
  }
}

function unchain(first: Worker | null, worker: Worker): void {
  let before = first;
  while (before !== null && before.next !== worker) before = before.next;
  if (before !== null) before.next = worker.next;
}

function emptyPlaces(count: number): (Worker | null)[] {
  return new Array<Worker | null>(count).fill(null);
}
