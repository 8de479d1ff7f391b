// One timer for the next thing that is due. One that comes too early costs a look; with every connection a new one would
// cost more than that.

export class Alarm {
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | undefined;
  #atMs = Number.POSITIVE_INFINITY;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** @param atMs  on the monotonic clock; null: nothing is due */
  set(atMs: number | null): void {
    const dueAtMs = atMs ?? Number.POSITIVE_INFINITY;
    if (dueAtMs >= this.#atMs) return;
    clearTimeout(this.#timer);
    this.#atMs = dueAtMs;
    this.#timer = setTimeout(
      () => {
        this.#atMs = Number.POSITIVE_INFINITY;
        this.#ring();
      },
      Math.max(1, Math.ceil(dueAtMs - performance.now())),
    );
    this.#timer.unref();
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}
