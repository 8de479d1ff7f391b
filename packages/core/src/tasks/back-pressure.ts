// Back-pressure: when the queue is full its producers are asked to wait (`needsDrain`), and when half of it is free to go on
// (`drain`). At once would be at each task that leaves.

export class BackPressure {
  readonly #maxQueue: number;
  readonly #announce: (what: "needsDrain" | "drain") => void;
  #isOn = false;

  constructor(maxQueue: number, announce: (what: "needsDrain" | "drain") => void) {
    this.#maxQueue = maxQueue;
    this.#announce = announce;
  }

  /** Asked to wait, and not yet to go on. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** A task came in. */
  filled(size: number): void {
    if (this.#isOn || size < this.#maxQueue) return;
    this.#isOn = true;
    this.#announce("needsDrain");
  }

  /** Tasks left. */
  emptied(size: number): void {
    if (!this.#isOn || size * 2 > this.#maxQueue) return;
    this.#isOn = false;
    this.#announce("drain");
  }
}
