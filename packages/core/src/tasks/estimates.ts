// How long tasks of a name take, learnt from those that ended; decides how many may stand behind one another. Where tasks
// can be taken back from a worker (threads), a plain moving average is right: a wrong guess is mended within a millisecond.
// Where they cannot (processes), the recent worst counts, slowly forgotten: a wrong guess would hold others up.

/** Taking a task up and answering costs about this much beside the task itself. */
const OVERHEAD_US = 2;
const AVERAGE_WEIGHT = 0.1;
const FORGET = 0.98;

export class Estimates {
  readonly #isMendable: boolean;
  readonly #usOf: Map<string, number> = new Map();

  constructor(isMendable: boolean) {
    this.#isMendable = isMendable;
  }

  /** Infinity for a name not seen yet. */
  of(name: string): number {
    const us = this.#usOf.get(name);
    return us === undefined ? Number.POSITIVE_INFINITY : us + OVERHEAD_US;
  }

  learn(name: string, us: number): void {
    const known = this.#usOf.get(name);
    if (known === undefined) this.#usOf.set(name, us);
    else if (this.#isMendable) this.#usOf.set(name, known + (us - known) * AVERAGE_WEIGHT);
    else this.#usOf.set(name, Math.max(us, known * FORGET));
  }
}
