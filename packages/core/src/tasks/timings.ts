// How long tasks waited and ran, as piscina reports it: `histogram.runTime` and `histogram.waitTime` in milliseconds, and
// `utilization`, the share of all workers' time that was spent in tasks. Counted in microseconds by Node's own histograms.

import { createHistogram, type RecordableHistogram } from "node:perf_hooks";

/** Milliseconds. */
export interface TimeSummary {
  readonly count: number;
  readonly average: number;
  readonly mean: number;
  readonly stddev: number;
  readonly min: number;
  readonly max: number;
  readonly p1: number;
  readonly p10: number;
  readonly p25: number;
  readonly p50: number;
  readonly p75: number;
  readonly p90: number;
  readonly p97_5: number;
  readonly p99: number;
  readonly p99_9: number;
}

export interface PoolHistogram {
  readonly runTime: TimeSummary;
  readonly waitTime: TimeSummary;
  resetRunTime(): void;
  resetWaitTime(): void;
}

export class Timings {
  readonly #run: RecordableHistogram = createHistogram();
  readonly #wait: RecordableHistogram = createHistogram();
  /** All time spent in tasks. */
  busyMs = 0;

  record(waitUs: number, runUs: number): void {
    this.busyMs += runUs / 1_000;
    this.#run.record(Math.max(1, Math.trunc(runUs)));
    this.#wait.record(Math.max(1, waitUs));
  }

  histogram(): PoolHistogram {
    const [run, wait] = [this.#run, this.#wait];
    return {
      get runTime() {
        return summaryOf(run);
      },
      get waitTime() {
        return summaryOf(wait);
      },
      resetRunTime: () => run.reset(),
      resetWaitTime: () => wait.reset(),
    };
  }
}

function summaryOf(histogram: RecordableHistogram): TimeSummary {
  const ms = (us: number): number => us / 1_000;
  const at = (percentile: number): number => ms(histogram.percentile(percentile));
  const { count, mean, stddev, min, max } = histogram;
  const isEmpty = count === 0;
  return {
    count,
    average: isEmpty ? 0 : ms(mean),
    mean: isEmpty ? 0 : ms(mean),
    stddev: isEmpty ? 0 : ms(stddev),
    min: isEmpty ? 0 : ms(min),
    max: ms(max),
    p1: at(1),
    p10: at(10),
    p25: at(25),
    p50: at(50),
    p75: at(75),
    p90: at(90),
    p97_5: at(97.5),
    p99: at(99),
    p99_9: at(99.9),
  };
}
