// Tests wait for what must happen, never for time, and fail loudly when it does not.

/** Without a pause the test would take the core from what it waits for. */
const LOOK_AGAIN_AFTER_MS = 2;

/** Resolves when `condition` holds. */
export function until(what: string, condition: () => boolean, deadlineMs = 5_000): Promise<void> {
  return new Promise((resolve, reject) => {
    const startedAtMs = performance.now();
    const look = () => {
      if (condition()) resolve();
      else if (performance.now() - startedAtMs > deadlineMs)
        reject(new Error(`not within ${deadlineMs} ms: ${what}`));
      else setTimeout(look, LOOK_AGAIN_AFTER_MS);
    };
    look();
  });
}

/** Resolves when Date.now() has moved on, so that what follows is surely later. */
export function nextMillisecond(): Promise<void> {
  const nowMs = Date.now();
  return until("the clock moves on", () => Date.now() > nowMs + 1);
}
