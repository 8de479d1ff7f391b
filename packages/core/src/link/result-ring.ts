// Results of a task worker without a message each: a ring in memory that the worker writes and the pool reads. A result
// is there at once and for good, also when the worker is deep in its next task, or dead; only the news of it takes a
// message, and while the pool has not read since the last one, or looks by itself soon, no other. So a burst shares one
// message and a single task waits for nobody. It holds what fits a place: numbers, booleans, null, undefined, short
// strings. Everything else travels as a message.
// Rule: one writer, one reader. Whoever reads sets NEWS before it looks at WRITTEN, the writer sets WRITTEN before it
// looks at NEWS: one of them sees the other.
// What the pool reads is not believed: a process may overwrite its memory, and live on. What no worker writes ends that worker;
// unread it would leave the callers of its tasks waiting, and a duration that is none would mislead the plans for all workers.
// Rejected: holding results back to post many at once, as processes do without it; a slow task would hold up those
// before it.

import { DONE } from "./task-protocol.ts";

/** The news: there is something to read. */
export const RESULTS_READY = 0;

/** More than can ever be outstanding on one worker (task-cells.ts); each task answers once. */
const PLACES = 1_024;
/** UTF-16 units. */
const TEXT_MAX = 32;

/** In separate cache lines, since two threads write them. */
const WRITTEN = 0;
const NEWS = 16;
const READ = 32;
const HEAD_INTS = 48;

/** What NEWS holds: the next result has to be told; it was told, or will be read anyway; the reader looks by itself. */
const TELL = 0;
const TOLD = 1;
const LOOKS = 2;

/** What a place holds, beside its task's number and duration; a text's length stands above the kind. */
const UNDEFINED = 0;
const NULL = 1;
const FALSE = 2;
const TRUE = 3;
const NUMBER = 4;
const TEXT = 5;
const LENGTH_SHIFT = 3;
const KIND_MASK = 7;

const HEAD_BYTES = HEAD_INTS * 4;
const NUMBERS_AT = HEAD_BYTES;
/** The task's number, its duration, and the result if it is a number. An int holds the tasks of some hours, and 35 minutes. */
const PLACE_NUMBERS = 3;
const KINDS_AT = NUMBERS_AT + PLACES * PLACE_NUMBERS * 8;
const TEXTS_AT = KINDS_AT + PLACES * 4;
export const RING_BYTES: number = TEXTS_AT + PLACES * TEXT_MAX * 2;

/** Called with a task's number, what became of it (task-protocol.ts), its result, and how long it took. */
export type TakeAnswer = (seq: number, status: number, value: unknown, durationUs: number) => void;

class Places {
  readonly head: Int32Array;
  readonly numbers: Float64Array;
  readonly kinds: Int32Array;
  readonly texts: Uint16Array;

  constructor(memory: ArrayBufferLike, startByte: number) {
    this.head = new Int32Array(memory, startByte, HEAD_INTS);
    this.numbers = new Float64Array(memory, startByte + NUMBERS_AT, PLACES * PLACE_NUMBERS);
    this.kinds = new Int32Array(memory, startByte + KINDS_AT, PLACES);
    this.texts = new Uint16Array(memory, startByte + TEXTS_AT, PLACES * TEXT_MAX);
  }
}

export class ResultWriter {
  readonly #places: Places;
  readonly #wake: () => void;
  /** Both wrap with int32; only their difference means anything. */
  #written = 0;
  #read = 0;

  /** @param startByte a multiple of 8
   *  @param wake posts the news */
  constructor(memory: ArrayBufferLike, startByte: number, wake: () => void) {
    this.#places = new Places(memory, startByte);
    this.#wake = wake;
  }

  /** False: no place can hold it, post it.
   *  @param canWait it need not be told now if the reader looks by itself */
  write(seq: number, value: unknown, durationUs: number, canWait: boolean): boolean {
    const { head, kinds, numbers } = this.#places;
    if (!this.#hasRoom()) return false;
    const place = this.#written & (PLACES - 1);
    const kind = this.#put(place, value);
    if (kind === null) return false;
    const at = place * PLACE_NUMBERS;
    numbers[at] = seq;
    numbers[at + 1] = durationUs;
    kinds[place] = kind;
    this.#written = (this.#written + 1) | 0;
    Atomics.store(head, WRITTEN, this.#written);
    const news = Atomics.load(head, NEWS);
    if (news === TELL || (news === LOOKS && !canWait)) this.#tell();
    return true;
  }

  /** Tells now what could wait. */
  flush(): void {
    const { head } = this.#places;
    if (Atomics.load(head, NEWS) === LOOKS && Atomics.load(head, READ) !== this.#written) this.#tell();
  }

  #tell(): void {
    Atomics.store(this.#places.head, NEWS, TOLD);
    this.#wake();
  }

  #hasRoom(): boolean {
    if (((this.#written - this.#read) | 0) < PLACES) return true;
    this.#read = Atomics.load(this.#places.head, READ);
    return ((this.#written - this.#read) | 0) < PLACES;
  }

  #put(place: number, value: unknown): number | null {
    if (typeof value === "number") {
      this.#places.numbers[place * PLACE_NUMBERS + 2] = value;
      return NUMBER;
    }
    if (value === undefined) return UNDEFINED;
    if (value === null) return NULL;
    if (typeof value === "boolean") return value ? TRUE : FALSE;
    if (typeof value !== "string" || value.length > TEXT_MAX) return null;
    const { texts } = this.#places;
    const start = place * TEXT_MAX;
    for (let at = 0; at < value.length; at += 1) texts[start + at] = value.charCodeAt(at);
    return TEXT | (value.length << LENGTH_SHIFT);
  }
}

export class ResultReader {
  readonly #places: Places;
  #read = 0;
  /** It holds what no worker writes: nothing more of it is read. */
  isCorrupt = false;

  constructor(memory: ArrayBufferLike, startByte: number) {
    this.#places = new Places(memory, startByte);
  }

  get hasNews(): boolean {
    return !this.isCorrupt && Atomics.load(this.#places.head, WRITTEN) !== this.#read;
  }

  /** The news came, or the reader begins or ceases to look by itself. Before `each`: what is written later is told, or seen by
   *  the next look. */
  awake(looksAgain: boolean): void {
    Atomics.store(this.#places.head, NEWS, looksAgain ? LOOKS : TELL);
  }

  /** Everything that is there now, in the order written. */
  each(take: TakeAnswer): void {
    const { head, kinds, numbers } = this.#places;
    const count = (Atomics.load(head, WRITTEN) - this.#read) | 0;
    if (count < 0 || count > PLACES) this.isCorrupt = true;
    for (let left = this.isCorrupt ? 0 : count; left > 0; left -= 1) {
      const place = this.#read & (PLACES - 1);
      const at = place * PLACE_NUMBERS;
      const seq = numbers[at] ?? 0;
      const us = numbers[at + 1] ?? 0;
      const kind = kinds[place] ?? 0;
      if (!Number.isSafeInteger(seq) || !Number.isSafeInteger(us) || !isKind(kind)) {
        this.isCorrupt = true;
        break;
      }
      this.#read = (this.#read + 1) | 0;
      take(seq, DONE, this.#value(place, kind), us);
    }
    Atomics.store(head, READ, this.#read);
  }

  #value(place: number, kind: number): unknown {
    switch (kind & KIND_MASK) {
      case NUMBER:
        return this.#places.numbers[place * PLACE_NUMBERS + 2];
      case NULL:
        return null;
      case TRUE:
        return true;
      case FALSE:
        return false;
      case TEXT:
        return this.#text(place * TEXT_MAX, kind >> LENGTH_SHIFT);
      default:
        return undefined;
    }
  }

  #text(start: number, length: number): string {
    return String.fromCharCode(...this.#places.texts.subarray(start, start + length));
  }
}

function isKind(kind: number): boolean {
  return kind >= 0 && (kind & KIND_MASK) <= TEXT && kind >> LENGTH_SHIFT <= TEXT_MAX;
}
