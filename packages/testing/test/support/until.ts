// Tests wait for what must happen, never for time, and fail loudly when it does not.

/** Resolves when `condition` holds; looked at on each turn of the event loop. */
export function until(what: string, condition: () => boolean, deadlineMs = 5_000): Promise<void> {
  return new Promise((resolve, reject) => {
    const startedAtMs = performance.now();
    const look = () => {
      if (condition()) resolve();
      else if (performance.now() - startedAtMs > deadlineMs)
        reject(new Error(`not within ${deadlineMs} ms: ${what}`));
      else setImmediate(look);
    };
    look();
  });
}

/** Resolves when Date.now() has moved on, so that what follows is surely later. */
export function nextMillisecond(): Promise<void> {
  const nowMs = Date.now();
  return until("the clock moves on", () => Date.now() > nowMs + 1);
}
