// Virtual time: a queue of what happens when. Nothing waits; the clock jumps to the next entry.
// A gate holds somebody's entries back while they stand still: a frozen worker does nothing, but what it was to do is
// done when it goes on; a stalled supervisor finds its messages waiting. Entries of one instant run in this order:
// the world, then messages to the supervisor, then its timers; the real clock's contract says the same (timers go
// through a `setImmediate`, so that messages that wait are read before silence is judged).

import type { Clock } from "@brood/core/engine";
import TinyQueue from "tinyqueue";

/** Who stands still, until when; Infinity is for good. */
export interface Gate {
  blockedUntilMs: number;
}

const LANES = { world: 0, message: 1, timer: 2 } as const;
export type Lane = keyof typeof LANES;

interface Entry {
  atMs: number;
  readonly lane: number;
  readonly order: number;
  readonly gate: Gate | null;
  run: (() => void) | null;
}

export class VirtualTime implements Clock {
  /** The supervisor's own. */
  readonly supervisor: Gate = { blockedUntilMs: 0 };
  readonly #queue = new TinyQueue<Entry>([], (a, b) => {
    return a.atMs - b.atMs || a.lane - b.lane || a.order - b.order;
  });
  #nowMs = 0;
  #order = 0;

  now(): number {
    return this.#nowMs;
  }

  /** When the next entry is due; Infinity when there is none. */
  get nextAtMs(): number {
    return this.#queue.peek()?.atMs ?? Number.POSITIVE_INFINITY;
  }

  /** The supervisor's timer: whole milliseconds, as setTimeout has them. */
  after(delayMs: number, callback: () => void): () => void {
    const atMs = this.#nowMs + Math.max(0, Math.ceil(delayMs));
    const entry = this.#push(atMs, "timer", this.supervisor, callback);
    return () => {
      entry.run = null;
    };
  }

  /** Something that happens in the world, held back by `gate`. */
  happen(delayMs: number, gate: Gate | null, run: () => void): void {
    this.#push(this.#nowMs + delayMs, "world", gate, run);
  }

  /** Something that reaches the supervisor. */
  reach(atMs: number, run: () => void): void {
    this.#push(Math.max(this.#nowMs, atMs), "message", this.supervisor, run);
  }

  /** Runs the next entry, or puts it off when its owner stands still. */
  runNext(): void {
    const entry = this.#queue.pop();
    if (entry === undefined) return;
    this.#nowMs = entry.atMs;
    if (entry.run === null) return;
    const untilMs = entry.gate?.blockedUntilMs ?? 0;
    if (untilMs <= this.#nowMs) return entry.run();
    if (!Number.isFinite(untilMs)) return;
    entry.atMs = untilMs;
    this.#queue.push(entry);
  }

  /** Nothing happens until then. */
  skipTo(atMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, atMs);
  }

  #push(atMs: number, lane: Lane, gate: Gate | null, run: () => void): Entry {
    this.#order += 1;
    const entry: Entry = { atMs, lane: LANES[lane], order: this.#order, gate, run };
    this.#queue.push(entry);
    return entry;
  }
}

/** Whoever stands still already stands still for the longer of the two. */
export function block(gate: Gate, untilMs: number): void {
  gate.blockedUntilMs = Math.max(gate.blockedUntilMs, untilMs);
}
