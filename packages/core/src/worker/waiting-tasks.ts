// Tasks that a worker was sent and has not begun, kept as they came: in columns. An object for each would be most of a
// short task's cost, and whatever is still there when V8 collects makes that take longer. The last value is let go when
// nothing more waits: it may be large, and the next one far away.

import { RUN_ONE, type TaskMessage } from "../link/task-protocol.ts";

export class WaitingTasks {
  readonly #messages: TaskMessage[] = [];
  /** Place of the next one in the first message. */
  #at = 0;
  readonly #removed: Set<number> = new Set();
  size = 0;
  /** The number of the last one that came. */
  last = 0;
  /** The one that `next` took. */
  seq = 0;
  /** Null: the default one. */
  name: string | null = null;
  flags = 0;
  value: unknown = undefined;

  /** A RUN or RUN_ONE. */
  push(message: TaskMessage): void {
    const count = countOf(message);
    this.#messages.push(message);
    this.size += count;
    this.last = Math.max(this.last, (message[1] as number) + count - 1);
  }

  /** Takes the next one, in the order sent; false: there is none. */
  next(): boolean {
    for (let message = this.#messages[0]; message !== undefined; message = this.#messages[0]) {
      const at = this.#at++;
      if (this.#at === countOf(message)) {
        this.#messages.shift();
        this.#at = 0;
      }
      this.seq = (message[1] as number) + at;
      if (this.#removed.size > 0 && this.#removed.delete(this.seq)) continue;
      this.size -= 1;
      this.#read(message, at);
      return true;
    }
    this.value = undefined;
    return false;
  }

  /** The numbers of those that wait. */
  numbers(): number[] {
    const all: number[] = [];
    this.#messages.forEach((message, index) => {
      for (let at = index === 0 ? this.#at : 0; at < countOf(message); at += 1) {
        const seq = (message[1] as number) + at;
        if (!this.#removed.has(seq)) all.push(seq);
      }
    });
    return all;
  }

  /** False: it does not wait. */
  remove(seq: number): boolean {
    const isHere = this.#messages.some((message, index) => {
      const at = seq - (message[1] as number);
      return at >= (index === 0 ? this.#at : 0) && at < countOf(message);
    });
    if (!isHere || this.#removed.has(seq)) return false;
    this.#removed.add(seq);
    this.size -= 1;
    return true;
  }

  #read([kind, , names, values, flags]: TaskMessage, at: number): void {
    this.name = (Array.isArray(names) ? names[at] : names) as string | null;
    this.value = kind === RUN_ONE ? values : (values as readonly unknown[])[at];
    this.flags = (kind === RUN_ONE ? flags : (flags as readonly number[])[at]) as number;
  }
}

function countOf(message: TaskMessage): number {
  return message[0] === RUN_ONE ? 1 : (message[3] as readonly unknown[]).length;
}
