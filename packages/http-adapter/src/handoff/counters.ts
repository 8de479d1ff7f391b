// What a worker has taken, what it has accepted itself and what has ended, as counters in a page of memory that it shares with the supervisor: one page
// for each worker, so that a successor starts at zero and nobody writes into another's.
// The worker counts a connection before it reads a byte of it, so a page read after its writer's end says exactly what
// died with it. Nobody is woken for a change: the supervisor looks when it chooses a worker, and now and then while
// something is on its way. Messages for receipts were a fifth or more of the supervisor's work, and had to be written too.
// Rule: a counter has 32 bits and goes round; what is read often enough adds up all the same.

import type { Binding } from "@brood/core/native";
import type { WorkerId } from "./names.ts";

export interface Totals {
  readonly taken: number;
  readonly closed: number;
  /** Connections that did not come from the supervisor: it accepted them. */
  readonly own: number;
}

/** The least that can be shared. */
const PAGE_BYTES = 4_096;
const TAKEN = 0;
const CLOSED = 1;
const OWN = 2;

/** The worker's side. */
export class CounterWriter {
  readonly #words: Uint32Array;

  constructor(page: ArrayBuffer) {
    this.#words = new Uint32Array(page);
  }

  taken(): void {
    Atomics.add(this.#words, TAKEN, 1);
  }

  closed(): void {
    Atomics.add(this.#words, CLOSED, 1);
  }

  acceptedOwn(): void {
    Atomics.add(this.#words, OWN, 1);
  }
}

/** The supervisor's side of one page. */
export class CounterReader implements Totals {
  readonly #words: Uint32Array;
  taken = 0;
  closed = 0;
  own = 0;

  constructor(page: ArrayBuffer) {
    this.#words = new Uint32Array(page);
  }

  /** @returns whether anything has changed */
  read(): boolean {
    const { taken, closed, own } = this;
    // Closed first: what ends between the two is no more than what has been taken.
    this.closed += (Atomics.load(this.#words, CLOSED) - closed) >>> 0;
    this.taken += (Atomics.load(this.#words, TAKEN) - taken) >>> 0;
    this.own += (Atomics.load(this.#words, OWN) - own) >>> 0;
    return this.taken !== taken || this.closed !== closed || this.own !== own;
  }
}

/** Of all workers that live. */
export class CounterPages {
  readonly #binding: Binding;
  readonly #pages: Map<WorkerId, CounterReader> = new Map();

  constructor(binding: Binding) {
    this.#binding = binding;
  }

  /** @returns the page's descriptor, to be sent to the worker and closed; null where no memory can be shared, or no
   *  descriptor is left: the worker tells then */
  open(worker: WorkerId): number | null {
    let fd: number | null = null;
    try {
      fd = this.#binding.pageCreate(PAGE_BYTES);
      this.#pages.set(worker, new CounterReader(this.#binding.pageMap(fd)));
      return fd;
    } catch {
      if (fd !== null) this.#binding.close(fd);
      return null;
    }
  }

  close(worker: WorkerId): void {
    this.#pages.delete(worker);
  }

  /** Calls for each whose counters have changed since the last look. */
  look(changed: (worker: WorkerId, totals: Totals) => void): void {
    for (const [worker, page] of this.#pages) if (page.read()) changed(worker, page);
  }
}
