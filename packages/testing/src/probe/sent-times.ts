// Every instant at which a request was sent, so that "how many were sent after this moment" has an exact answer
// for any moment, asked afterwards. 8 bytes a request: an hour at 1,000 requests/s is 29 MB. Counting into
// buckets would be smaller but could not tell a stale answer from one that was sent just before the deploy ended.
// Chunks rather than one growing array: no copying of megabytes in the middle of a measurement.

/** Doubles up to this, 512 KiB: a version seen twice costs little, one seen a million times few chunks. */
const CHUNK_MAX = 65_536;
const CHUNK_MIN = 64;

export class SentTimes {
  #full: Float64Array[] = [];
  #open: Float64Array = new Float64Array(CHUNK_MIN);
  #used = 0;
  #count = 0;
  #firstAtMs = Number.POSITIVE_INFINITY;
  #lastAtMs = Number.NEGATIVE_INFINITY;

  add(atMs: number): void {
    if (this.#used === this.#open.length) {
      this.#full.push(this.#open);
      this.#open = new Float64Array(Math.min(this.#used * 2, CHUNK_MAX));
      this.#used = 0;
    }
    this.#open[this.#used] = atMs;
    this.#used += 1;
    this.#count += 1;
    this.#firstAtMs = Math.min(this.#firstAtMs, atMs);
    this.#lastAtMs = Math.max(this.#lastAtMs, atMs);
  }

  get count(): number {
    return this.#count;
  }

  /** Infinity when empty. */
  get firstAtMs(): number {
    return this.#firstAtMs;
  }

  /** -Infinity when empty. */
  get lastAtMs(): number {
    return this.#lastAtMs;
  }

  /** How many were sent later than `dateMs`. A whole number means that whole millisecond, as from Date.now(). */
  countAfter(dateMs: number): number {
    // Date.now() rounds down: its 1000 may have been 1000.9, so what was sent at 1000.5 is not known to be later.
    const isWhole = Number.isInteger(dateMs);
    const isAfter = (atMs: number) => (isWhole ? atMs >= dateMs + 1 : atMs > dateMs);
    if (!isAfter(this.#lastAtMs)) return 0;
    let count = 0;
    for (const chunk of [...this.#full, this.#open.subarray(0, this.#used)])
      for (const atMs of chunk) if (isAfter(atMs)) count += 1;
    return count;
  }
}
