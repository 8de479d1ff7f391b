// Chance, from a seed: the same seed gives the same run on every machine. Streams are forked so that what one part of a
// run draws does not shift what another one gets; a schedule with an entry left out still looks like the old one.

import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** A whole number from `min` to `max`, both included. */
  integer(min: number, max: number): number;
  /** Milliseconds from `min` to `max` with thousandths, as a real clock has them. */
  durationMs(min: number, max: number): number;
  chance(probability: number): boolean;
  pick<Value>(values: readonly Value[]): Value;
  /** A stream of its own. */
  fork(): Random;
}

export function createRandom(seed: number): Random {
  const generator = xoroshiro128plus(seed);
  const integer = (min: number, max: number): number => uniformInt(generator, min, max);
  const next = (): number => uniformFloat64(generator);
  return {
    next,
    integer,
    durationMs: (min, max) => integer(Math.round(min * 1_000), Math.round(max * 1_000)) / 1_000,
    chance: (probability) => next() < probability,
    pick(values) {
      const value = values[integer(0, values.length - 1)];
      if (value === undefined) throw new RangeError("nothing to pick from");
      return value;
    },
    fork: () => createRandom(generator.next()),
  };
}
