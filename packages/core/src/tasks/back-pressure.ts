// Back-pressure: when the queue is full its producers are asked to wait (`needsDrain`), and when half of it is free to go on
// (`drain`). At once would be at each task that leaves. Also as in piscina: `drain` when every worker had all that it can run
// and one of them has nothing to do now. Whoever waits for room without an event of the pool (`map`) is told as soon as
// something has left.

export class BackPressure {
  readonly #maxQueue: number;
  readonly #announce: (what: "needsDrain" | "drain") => void;
  #isOn = false;
  #isOccupied = false;
  #waiting: (() => void)[] = [];

  constructor(maxQueue: number, announce: (what: "needsDrain" | "drain") => void) {
    this.#maxQueue = maxQueue;
    this.#announce = announce;
  }

  /** Asked to wait, and not yet to go on. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** Resolves when something has left the queue. */
  moved(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** A task came in. */
  filled(size: number): void {
    if (this.#isOn || size < this.#maxQueue) return;
    this.#isOn = true;
    this.#announce("needsDrain");
  }

  /** Tasks left. */
  emptied(size: number): void {
    if (this.#waiting.length > 0) for (const resolve of this.#waiting.splice(0)) resolve();
    if (!this.#isOn || size * 2 > this.#maxQueue) return;
    this.#isOn = false;
    this.#announce("drain");
  }

  /** So many tasks are with workers, of so many that they can run. */
  occupied(sent: number, capacity: number): void {
    if (sent >= capacity) this.#isOccupied = true;
  }

  /** The queue is empty, and workers have answered. */
  relieved(sent: number, capacity: number): void {
    if (!this.#isOccupied || sent >= capacity) return;
    this.#isOccupied = false;
    this.#announce("drain");
  }
}
