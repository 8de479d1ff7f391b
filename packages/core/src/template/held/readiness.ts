// When a program that has not finished loading can be forked: all that it waits for is held. `await redis.connect();
// app.listen()` gets no further in a template; each worker goes on from there.
// Nobody tells what a promise waits for, so it is concluded: something is held, and nothing that could end in the template is
// under way any more (a request to the kernel or to a thread, a thread that computes, a short timer), for a while.

import { performance } from "node:perf_hooks";
import { isRequest } from "../findings.ts";
import type { Origins } from "../origins.ts";
import type { ParkedTimers } from "../parked-timers.ts";
import { hasBusyThread } from "../system-view.ts";
import type { HeldThings } from "./held-things.ts";

const { setTimeout } = globalThis;

const LOOK_AGAIN_AFTER_MS = 10;

/** Looks at which nothing has happened: 100 ms. Counted in looks, since a program that loads for long without a pause is not quiet. */
const QUIET_LOOKS = 10;

/** A timer of this length is waited for; a longer one begins anew in each worker. */
const SHORT_TIMER_MS = 250;

/** Who does nothing but set short timers and begin what is held polls, and is not waited for. */
const POLLING_LOOKS = 100;

/** Says what it waits for, after so long and then again. */
const TELL_AFTER_MS = 10_000;

/** What a release's loader may know of this. */
export class Readiness {
  /** Resolves when the program waits only for what is held. */
  readonly waiting: Promise<void>;
  readonly #held: HeldThings;
  readonly #origins: Origins;
  readonly #timers: ParkedTimers;
  readonly #inWorker: Promise<void>;
  #resolve: () => void = () => {};
  #enter: () => void = () => {};
  #mustFork = false;
  #busy = 0;
  #requests = 0;
  #isOver = false;
  #isWaiting = false;

  constructor(held: HeldThings, origins: Origins, timers: ParkedTimers) {
    this.#held = held;
    this.#origins = origins;
    this.#timers = timers;
    this.waiting = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#inWorker = new Promise((resolve) => {
      this.#enter = resolve;
    });
  }

  /** How many things have been held so far. */
  get made(): number {
    return this.#held.made;
  }

  get isEmpty(): boolean {
    return this.#held.isEmpty;
  }

  /** The program does not wait while this is under way: it is Brood's own work. */
  async busy<Result>(work: Promise<Result>): Promise<Result> {
    this.#busy += 1;
    return work.finally(() => {
      this.#busy -= 1;
    });
  }

  /** Looks until `end`. */
  async watch(): Promise<void> {
    let tellAtMs = performance.now() + TELL_AFTER_MS;
    /** Looks since the last request, and since anything. */
    let withoutRequest = 0;
    let quiet = 0;
    let held = 0;
    while (!this.#isOver) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_AFTER_MS));
      if (this.#isOver) return;
      const nowMs = performance.now();
      if (nowMs >= tellAtMs) {
        tellAtMs = nowMs + TELL_AFTER_MS;
        this.#tell();
      }
      if (this.#mustFork) break;
      if (this.#held.isEmpty) continue;
      if (this.#busy === 0) this.#timers.parkIntervals();
      const hasRequest = this.#hasRequest();
      const hasEvent = held !== this.#held.made || this.#timers.hasWithin(SHORT_TIMER_MS);
      held = this.#held.made;
      withoutRequest = hasRequest ? 0 : withoutRequest + 1;
      quiet = hasRequest || hasEvent ? 0 : quiet + 1;
      if (quiet >= QUIET_LOOKS || withoutRequest >= POLLING_LOOKS) break;
    }
    this.#isWaiting = true;
    this.#resolve();
  }

  /** It was found to wait. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  forked(): Promise<void> {
    this.#mustFork = true;
    return this.#inWorker;
  }

  /** In a worker. */
  enterWorker(): void {
    this.#enter();
  }

  /** It has loaded. */
  end(): void {
    this.#isOver = true;
  }

  /** Or had one since the last look. */
  #hasRequest(): boolean {
    const before = this.#requests;
    this.#requests = this.#origins.made();
    const hasBegun = this.#requests !== before;
    return hasBegun || this.#busy > 0 || this.#origins.open().some(isRequest) || hasBusyThread();
  }

  #tell(): void {
    const requests = this.#origins.open().filter(isRequest);
    const places = requests.map(({ type, at }) => `${type}${at === null ? "" : ` of ${at}`}`);
    const held = this.#held.described();
    process.stderr.write(
      `brood: the template has not loaded its release yet. It waits for ${places.join("; ") || "a promise or a timer"}` +
        `${held.length === 0 ? "" : `; held for the workers: ${held.join("; ")}`}.\n`,
    );
  }
}
