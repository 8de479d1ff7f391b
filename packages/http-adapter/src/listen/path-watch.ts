// Looks again whenever something may have happened to a file of ours: inotify tells at once of a lost or gained name of the
// very file (not of its folder, which may be busy: /tmp), a slow poll sees what it misses (a folder that went as a whole, a
// file system without it). Looks do not overlap, and none goes on after `stop`. Keeps no process alive.

import { type FSWatcher, watch } from "node:fs";

/** Two system calls. */
const POLL_MS = 5_000;

export class PathWatch {
  readonly #path: string;
  readonly #look: () => Promise<void>;
  readonly #timer: NodeJS.Timeout;
  #watcher: FSWatcher | null = null;
  #looking: Promise<void> = Promise.resolve();
  #isWanted = false;
  #isStopped = false;

  /** @param look  must not reject */
  constructor(path: string, look: () => Promise<void>) {
    this.#path = path;
    this.#look = look;
    this.#timer = setInterval(() => this.#wake(), POLL_MS);
    this.#timer.unref();
    this.renew();
  }

  /** The path leads to another file of ours now. */
  renew(): void {
    this.#watcher?.close();
    this.#watcher = null;
    if (this.#isStopped) return;
    try {
      this.#watcher = watch(this.#path, { persistent: false }, () => this.#wake());
      this.#watcher.on("error", () => undefined);
    } catch {
      // Gone already, or out of watches: the poll remains.
    }
  }

  /** Resolves when nobody looks any more. */
  stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#watcher?.close();
    return this.#looking;
  }

  #wake(): void {
    if (this.#isStopped || this.#isWanted) return;
    this.#isWanted = true;
    this.#looking = this.#looking.then(async () => {
      this.#isWanted = false;
      if (!this.#isStopped) await this.#look();
    });
  }
}
