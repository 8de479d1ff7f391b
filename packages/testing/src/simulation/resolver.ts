// The simulated release resolver: follows the symlink, reads the pinned release; may fail or be slow for a while.

import type { Release, ReleaseRequest } from "@brood/core/engine";
import { PoolError } from "@brood/core/errors";
import type { Files } from "./files.ts";
import type { VirtualTime } from "./virtual-time.ts";

export class SimulatedResolver {
  readonly #time: VirtualTime;
  readonly #files: Files;
  readonly #onSettled: () => void;
  #failingUntilMs = 0;
  #slow = { delayMs: 0, untilMs: 0 };

  /** `onSettled`: a promise has been settled, its callbacks are still to run. */
  constructor(time: VirtualTime, files: Files, onSettled: () => void) {
    this.#time = time;
    this.#files = files;
    this.#onSettled = onSettled;
  }

  fail(forMs: number): void {
    this.#failingUntilMs = this.#time.now() + forMs;
  }

  slowDown(delayMs: number, forMs: number): void {
    this.#slow = { delayMs, untilMs: this.#time.now() + forMs };
  }

  resolve({ entry, pinned }: Pick<ReleaseRequest, "entry" | "pinned">): Promise<Release> {
    const now = this.#time.now();
    const delayMs = now < this.#slow.untilMs ? this.#slow.delayMs : 1;
    return new Promise((resolve, reject) => {
      this.#time.reach(now + delayMs, () => {
        this.#onSettled();
        if (this.#time.now() < this.#failingUntilMs) reject(new Error(`${entry} does not exist`));
        else if (pinned === null) resolve(this.#files.read(this.#files.realPath(entry)).release);
        else if (this.#files.read(pinned.entry).release.fingerprint === pinned.fingerprint) resolve(pinned);
        else reject(new PoolError("BROOD_RELEASE_CHANGED", `${pinned.entry} is another one by now`));
      });
    });
  }
}
