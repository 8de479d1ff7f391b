// Was this process started from a terminal, and is that still there? When one closes, everything in it gets HUP. Node takes
// back that a parent has HUP ignored (nohup), so what nohup does beside it is looked at: it leaves no terminal to write to.

import { isatty } from "node:tty";

const STREAMS: readonly number[] = [0, 1, 2];

export class Terminal {
  readonly #streams: readonly number[] = STREAMS.filter((fd) => isatty(fd));
  /** nohup keeps a terminal at most to read from. */
  readonly #isWritten: boolean = this.#streams.some((fd) => fd !== 0);

  /** It was there, and its other end has gone. */
  get hasClosed(): boolean {
    return this.#isWritten && this.#streams.every((fd) => !isatty(fd));
  }

  /** Somebody reads along. */
  get isRead(): boolean {
    return isatty(2);
  }
}
