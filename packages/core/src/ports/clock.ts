// Time as the supervisor sees it. Real: performance.now and setTimeout. Simulated: virtual time.

export interface Clock {
  /** Monotonic milliseconds; the zero is arbitrary. */
  now(): number;
  /** Calls `callback` once, not before `delayMs` have passed. Returns what cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

export interface Entropy {
  /** A number in [0, 1), uniformly drawn. */
  next(): number;
}
