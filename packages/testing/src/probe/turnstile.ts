// Counts requests that were sent after an instant as they end, for whoever waits for some of them.

import { PoolError } from "@brood/core";

interface Waiting {
  readonly sinceMs: number;
  left: number;
  readonly resolve: () => void;
  readonly reject: (error: PoolError) => void;
}

export class Turnstile {
  readonly #waiting = new Set<Waiting>();
  #isClosed = false;

  /** Resolves when `requests` sent after `sinceMs` have passed. */
  after(sinceMs: number, requests: number): Promise<void> {
    if (this.#isClosed) return Promise.reject(closed());
    return new Promise((resolve, reject) => {
      this.#waiting.add({ sinceMs, left: requests, resolve, reject });
    });
  }

  pass(sentAtMs: number): void {
    for (const each of this.#waiting) {
      if (sentAtMs <= each.sinceMs) continue;
      each.left -= 1;
      if (each.left > 0) continue;
      this.#waiting.delete(each);
      each.resolve();
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const { reject } of this.#waiting) reject(closed());
    this.#waiting.clear();
  }
}

function closed(): PoolError {
  return new PoolError("BROOD_CLOSED", "the probe was stopped before so many requests had ended.");
}
