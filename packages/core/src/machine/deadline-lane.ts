// Deadlines that come in the order in which they go: a queue over an array. What was taken is cleared away when it is half
// of it.

import type { Deadline } from "./deadline.ts";
import type { Milliseconds } from "./names.ts";

const TAKEN_MIN = 64;

export class DeadlineLane {
  #entries: (Deadline | null)[] = [];
  #head = 0;
  /** Infinity when it is empty. */
  firstAtMs: Milliseconds = Number.POSITIVE_INFINITY;
  /** -Infinity when it is empty. */
  lastAtMs: Milliseconds = Number.NEGATIVE_INFINITY;

  /** `deadline` must not be before `lastAtMs`. */
  push(deadline: Deadline): void {
    this.#entries.push(deadline);
    this.lastAtMs = deadline.atMs;
    if (this.firstAtMs === Number.POSITIVE_INFINITY) this.firstAtMs = deadline.atMs;
  }

  take(): Deadline | null {
    const first = this.#entries[this.#head] ?? null;
    this.#entries[this.#head] = null;
    this.#head += 1;
    if (this.#head > TAKEN_MIN && 2 * this.#head > this.#entries.length) this.#clear();
    this.firstAtMs = this.#entries[this.#head]?.atMs ?? Number.POSITIVE_INFINITY;
    if (this.firstAtMs === Number.POSITIVE_INFINITY) this.lastAtMs = Number.NEGATIVE_INFINITY;
    return first;
  }

  #clear(): void {
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }
}
