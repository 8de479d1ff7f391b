// Workers and timers of a pool do not keep the host process alive; somebody who waits for an answer does. One timer that
// never fires, held while anything is awaited.

const NEVER_MS = 2 ** 31 - 1;

export class KeepAlive {
  readonly #timer = setInterval(() => {}, NEVER_MS);
  #holders = 0;
  #isWanted = false;

  constructor() {
    this.#timer.unref();
  }

  hold(): void {
    this.#holders += 1;
    if (this.#holders === 1) this.#timer.ref();
  }

  release(): void {
    this.#holders -= 1;
    if (this.#holders === 0) this.#timer.unref();
  }

  /** Held once, however often it is wanted. */
  want(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.hold();
  }

  unwant(): void {
    if (!this.#isWanted) return;
    this.#isWanted = false;
    this.release();
  }

  async during<Value>(promise: Promise<Value>): Promise<Value> {
    this.hold();
    try {
      return await promise;
    } finally {
      this.release();
    }
  }

  end(): void {
    clearInterval(this.#timer);
  }
}
