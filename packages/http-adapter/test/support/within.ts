// Tests wait for events, never for time. When an event does not come the test fails by name, and says what it saw.

const DEADLINE_MS = 10_000;

export async function within<Value>(
  what: string,
  event: Promise<Value>,
  seen?: () => string,
  deadlineMs: number = DEADLINE_MS,
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new Error(`${what}: not within ${deadlineMs} ms.${seen === undefined ? "" : ` Seen: ${seen()}`}`),
      );
    }, deadlineMs);
  });
  try {
    return await Promise.race([event, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
