// Chance that siblings do not share. What a fork copies goes on from the same state in every worker: the buffers from which
// crypto.randomUUID and crypto.randomInt serve themselves, and V8's Math.random, whose state nothing can reach. So a
// template gives Math.random a generator of its own before the application is loaded (which may keep the function), and each
// worker seeds it anew. crypto.randomBytes, getRandomValues and OpenSSL's keys need nothing: OpenSSL notices a fork. What
// libraries have drawn from them for later is in random-pools.ts.
// The generator is sfc32 (Chris Doty-Humphrey, public domain, passes PractRand): 128 bits of state, cheap in JavaScript.

import { randomFillSync, randomInt, randomUUID } from "node:crypto";
import { watchCrypto } from "./crypto-watch.ts";
import { RandomPools } from "./random-pools.ts";

/** Node fills its buffer of UUIDs with 128 at a time (lib/internal/crypto/random.js, Node 14.17-26). */
const BUFFERED_UUIDS = 128;
/** And that of randomInt with 6 KiB, 6 bytes each. */
const BUFFERED_INTS = 1_024;

const TWO_TO_26 = 2 ** 26;
const TWO_TO_53 = 2 ** 53;

export interface Randomness {
  /** In the template, when the application has loaded and nothing of it runs any more. */
  settle(): void;
  /** In a forked process, before anything draws. */
  renew(): void;
}

/** Replaces Math.random for good, and watches who draws and uses random bytes until `settle`. */
export function ownRandomness(): Randomness {
  const seed = new Uint32Array(4);
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  const next = (): number => {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  const sow = (): void => {
    randomFillSync(seed);
    [a = 0, b = 0, c = 0, d = 0] = seed;
  };
  sow();
  const random = (): number => ((next() >>> 5) * TWO_TO_26 + (next() >>> 6)) / TWO_TO_53;
  Math.random = random;
  const pools = new RandomPools();
  const endWatch = watchCrypto(pools);
  return {
    settle() {
      endWatch();
      pools.settle();
    },
    renew() {
      sow();
      pools.renew();
      for (let drawn = 0; drawn < BUFFERED_UUIDS; drawn += 1) randomUUID();
      for (let drawn = 0; drawn < BUFFERED_INTS; drawn += 1) randomInt(2);
    },
  };
}
