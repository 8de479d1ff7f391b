// What workers have answered, as counts that can be added and taken apart: by status class, and by how long it took in
// buckets that grow by a fifth. A worker sends its totals since it started; what happened between two moments is the
// difference. Exact times were rejected: they cannot be added up over workers, and a p95 needs no more than a fifth.

/** Totals of one worker since it started. */
export interface Answers {
  /** How many with 1xx, 2xx, 3xx, 4xx and 5xx, in this order. */
  readonly byClass: readonly number[];
  /** How many took how long: index of `latencyBucket`; empty ones at the end are left out. */
  readonly latency: readonly number[];
}

/** What is made of them for people and for the comparison. */
export interface AnswerFigures {
  readonly requests: number;
  /** Answers with 5xx. */
  readonly errors: number;
  /** 0...1 */
  readonly errorRate: number;
  /** Milliseconds; null without an answer. Exact to a fifth. */
  readonly p95Ms: number | null;
}

export const NO_ANSWERS: Answers = { byClass: [0, 0, 0, 0, 0], latency: [] };

/** Below this everything is equally fast. */
const FIRST_MS = 0.125;
const BUCKETS_PER_OCTAVE = 4;
/** 0.125 ms x 2^20 is two minutes. */
export const LATENCY_BUCKETS: number = 20 * BUCKETS_PER_OCTAVE + 1;

/** The bucket of an answer that took so long; its upper bound is `latencyMaxMs`. */
export function latencyBucket(tookMs: number): number {
  if (tookMs <= FIRST_MS) return 0;
  const bucket = Math.ceil(Math.log2(tookMs / FIRST_MS) * BUCKETS_PER_OCTAVE);
  return Math.min(LATENCY_BUCKETS - 1, bucket);
}

export function latencyMaxMs(bucket: number): number {
  return FIRST_MS * 2 ** (bucket / BUCKETS_PER_OCTAVE);
}

/** `a` plus `b`, or with -1 what of `a` came after `b`. */
export function combine(a: Answers, b: Answers, sign: 1 | -1 = 1): Answers {
  return {
    byClass: combineCounts(a.byClass, b.byClass, sign),
    latency: combineCounts(a.latency, b.latency, sign),
  };
}

function combineCounts(a: readonly number[], b: readonly number[], sign: 1 | -1): readonly number[] {
  const length = Math.max(a.length, b.length);
  return Array.from({ length }, (_, at) => Math.max(0, (a[at] ?? 0) + sign * (b[at] ?? 0)));
}

export function figuresOf({ byClass, latency }: Answers): AnswerFigures {
  const requests = byClass.reduce((sum, count) => sum + count, 0);
  const errors = byClass[4] ?? 0;
  return {
    requests,
    errors,
    errorRate: requests === 0 ? 0 : Math.round((errors / requests) * 10_000) / 10_000,
    p95Ms: percentileMs(latency, 0.95),
  };
}

function percentileMs(latency: readonly number[], share: number): number | null {
  const total = latency.reduce((sum, count) => sum + count, 0);
  let left = Math.ceil(total * share);
  if (left === 0) return null;
  const bucket = latency.findIndex((count) => {
    left -= count;
    return left <= 0;
  });
  return Math.round(latencyMaxMs(bucket) * 100) / 100;
}
