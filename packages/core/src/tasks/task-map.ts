// `map`: many tasks, their results in order, no more under way than asked for. The source is read only when there is room, so
// an endless one is no problem; whoever stops reading stops the source, and aborts what is under way.

export interface MapRun {
  /** Runs one; the signal aborts when the reader has gone. */
  start(task: unknown, signal: AbortSignal): Promise<unknown>;
  readonly concurrency: number;
  readonly signal: AbortSignal | null;
}

export async function* mapTasks(
  tasks: Iterable<unknown> | AsyncIterable<unknown>,
  { start, concurrency, signal }: MapRun,
): AsyncGenerator<unknown, void, undefined> {
  const stop = new AbortController();
  const both = signal === null ? stop.signal : AbortSignal.any([stop.signal, signal]);
  const source = Symbol.asyncIterator in tasks ? tasks[Symbol.asyncIterator]() : tasks[Symbol.iterator]();
  const underWay: Promise<unknown>[] = [];
  let isAtEnd = false;
  try {
    for (;;) {
      while (!isAtEnd && underWay.length < concurrency) {
        const next = await source.next();
        if (next.done === true) isAtEnd = true;
        else underWay.push(quiet(start(next.value, both)));
      }
      const first = underWay.shift();
      if (first === undefined) return;
      yield await first;
    }
  } finally {
    stop.abort();
    if (!isAtEnd) await source.return?.();
  }
}

/** Its failure is reported when its turn comes; until then nobody listens. */
function quiet(promise: Promise<unknown>): Promise<unknown> {
  promise.catch(() => {});
  return promise;
}
