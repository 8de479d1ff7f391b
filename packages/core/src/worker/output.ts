// What a worker has written reaches the supervisor before the worker ends. Node writes to pipes as far as they take it and keeps
// the rest, which process.exit() throws away.

import { setTimeout as delay } from "node:timers/promises";

/** The supervisor reads all the time; one that does not must not keep a worker for longer. */
const WRITTEN_WITHIN_MS = 1_000;

type Output = typeof process.stdout | typeof process.stderr;

export async function outputWritten(): Promise<void> {
  const waiting = outputs().filter(({ writableLength }) => writableLength > 0);
  if (waiting.length === 0) return;
  const written = waiting.map((each) => new Promise<void>((resolve) => each.write("", () => resolve())));
  await Promise.race([Promise.all(written), delay(WRITTEN_WITHIN_MS, undefined, { ref: false })]);
}

/** From now on a write has left the process when it returns: the application may end it at any moment. Not while it serves,
 *  since it would stand still whenever the supervisor does. A thread has no pipe: there this does nothing. */
export async function writeOutputAtOnce(): Promise<void> {
  await outputWritten();
  for (const each of outputs()) {
    const handle: unknown = Reflect.get(each, "_handle");
    const setBlocking: unknown =
      typeof handle === "object" && handle !== null && Reflect.get(handle, "setBlocking");
    if (typeof setBlocking === "function") Reflect.apply(setBlocking, handle, [true]);
  }
}

function outputs(): readonly Output[] {
  return [process.stdout, process.stderr];
}
