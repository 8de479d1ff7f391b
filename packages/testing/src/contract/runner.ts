// A contract is a list of claims that any implementation of a port must meet. It knows no test runner: it takes the two
// functions that all of them have, and waits by itself, with a deadline that says what did not happen.

export interface ContractRunner {
  /** vitest's, jest's or node:test's. */
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>, timeoutMs: number): unknown;
}

/** A claim names what it waits for long before the runner would cut it off. */
const WAIT_MS = 15_000;
export const CLAIM_TIMEOUT_MS = 40_000;

/** Resolves when `condition` holds. @param pass  lets time pass where it is not real. */
export async function until(
  what: string,
  condition: () => boolean,
  seen: () => string,
  pass: () => void = () => {},
): Promise<void> {
  const untilMs = performance.now() + WAIT_MS;
  while (!condition()) {
    if (performance.now() > untilMs) throw new Error(`${what}: not within ${WAIT_MS} ms. Seen: ${seen()}`);
    pass();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
