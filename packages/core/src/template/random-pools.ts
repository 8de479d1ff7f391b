// Memory that was filled with random bytes while a template loaded, and which of it a forked worker fills anew. Libraries draw
// many bytes at once and serve themselves from there (nanoid, uuid 7 and 8, base64id, session stores), or keep a few as what
// tells one process from another (ObjectId's five). A fork copies both, and siblings would hand out the same.
// A key looks no different, and what it has signed or sealed must stay readable. So it goes by size, by use, and by change:
//   16 to 127 bytes     left alone: the sizes of keys, salts, secrets and single ids
//   less than 16        tells processes apart; anew, if nothing of it was written to
//   128 and more        a pool; anew, except for what was written to or used
//   used                given to any function of node:crypto or WebCrypto (as a key, salt, IV, text): left alone
// Held weakly: what the application drops is collected, as ever. A view may be gone while its memory lives on in another one
// (`subarray`), so it is the memory that is remembered.

import { randomFillSync } from "node:crypto";

const KEY_BYTES_MIN = 16;
const KEY_BYTES_MAX = 127;

/** So many bytes in a row are unchanged by chance once in 2^64 times. */
const RUN_BYTES_MIN = 8;

/** Regions are looked through for memory that has gone when there are so many, and then twice as many. */
const SWEEP_AT = 1_024;

type Range = readonly [start: number, end: number];

/** Random bytes as they were drawn. Offsets count within the region. */
interface Region {
  readonly memory: WeakRef<ArrayBufferLike>;
  readonly offset: number;
  readonly drawn: Uint8Array;
  readonly used: Range[];
}

interface Renewable {
  readonly memory: WeakRef<ArrayBufferLike>;
  readonly offset: number;
  readonly length: number;
  readonly ranges: readonly Range[];
}

export class RandomPools {
  #regions: Set<Region> = new Set();
  #byMemory: WeakMap<ArrayBufferLike, Region[]> = new WeakMap();
  #sweepAt = SWEEP_AT;
  #renewable: readonly Renewable[] = [];

  /** This memory has just been filled with random bytes. */
  drawn(memory: ArrayBufferLike, offset: number, length: number): void {
    this.#forget(memory, offset, offset + length);
    if (length === 0 || (length >= KEY_BYTES_MIN && length <= KEY_BYTES_MAX)) return;
    const region = {
      memory: new WeakRef(memory),
      offset,
      drawn: new Uint8Array(memory.slice(offset, offset + length)),
      used: [],
    };
    this.#regions.add(region);
    this.#byMemory.set(memory, [...(this.#byMemory.get(memory) ?? []), region]);
    if (this.#regions.size >= this.#sweepAt) this.#sweep();
  }

  /** What this memory holds has been used for something that depends on it. */
  used(memory: ArrayBufferLike, offset: number, length: number): void {
    for (const region of this.#byMemory.get(memory) ?? []) {
      const start = Math.max(offset - region.offset, 0);
      const end = Math.min(offset + length - region.offset, region.drawn.length);
      if (start < end) region.used.push([start, end]);
    }
  }

  /** The application has loaded, and nothing of it runs any more: what is as it was drawn will be drawn again. */
  settle(): void {
    this.#renewable = [...this.#regions].flatMap(renewableOf);
    this.#regions = new Set();
    this.#byMemory = new WeakMap();
  }

  /** In a forked process, before anything draws. */
  renew(): void {
    for (const { memory, offset, length, ranges } of this.#renewable) {
      const target = memory.deref();
      if (target === undefined || target.byteLength < offset + length) continue;
      const bytes = new Uint8Array(target, offset, length);
      const fresh = randomFillSync(new Uint8Array(length));
      for (const [start, end] of ranges) bytes.set(fresh.subarray(start, end), start);
    }
  }

  /** Drawn into again: what was there before is nobody's. */
  #forget(memory: ArrayBufferLike, start: number, end: number): void {
    const regions = this.#byMemory.get(memory);
    if (regions === undefined) return;
    const isApart = ({ offset, drawn }: Region): boolean => offset >= end || offset + drawn.length <= start;
    for (const region of regions) if (!isApart(region)) this.#regions.delete(region);
    this.#byMemory.set(memory, regions.filter(isApart));
  }

  #sweep(): void {
    for (const region of this.#regions) if (region.memory.deref() === undefined) this.#regions.delete(region);
    this.#sweepAt = Math.max(SWEEP_AT, this.#regions.size * 2);
  }
}

function renewableOf({ memory, offset, drawn, used }: Region): Renewable[] {
  const target = memory.deref();
  const { length } = drawn;
  if (target === undefined || target.byteLength < offset + length) return [];
  const isKept = keptBytes(new Uint8Array(target, offset, length), drawn, used);
  const ranges = runsOf(isKept, Math.min(length, length < KEY_BYTES_MIN ? length : RUN_BYTES_MIN));
  return ranges.length === 0 ? [] : [{ memory, offset, length, ranges }];
}

/** A byte is kept that was written to since, or used. */
function keptBytes(now: Uint8Array, drawn: Uint8Array, used: readonly Range[]): readonly boolean[] {
  const kept = Array.from(now, (byte, index) => byte !== drawn[index]);
  for (const [start, end] of used) kept.fill(true, start, end);
  return kept;
}

/** Stretches of at least so many bytes that are not kept. */
function runsOf(isKept: readonly boolean[], bytesMin: number): Range[] {
  const runs: Range[] = [];
  let start = 0;
  for (let index = 0; index <= isKept.length; index += 1) {
    if (isKept[index] === false) continue;
    if (index > start && index - start >= bytesMin) runs.push([start, index]);
    start = index + 1;
  }
  return runs;
}
