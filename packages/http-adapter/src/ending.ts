// How a server ends, in steps: announced, and serving as before for `stopDelayMs`, since balancers and Kubernetes go on sending
// for a while; then nobody new can connect while the workers take what the kernel had accepted; then they drain. `now`
// skips what is left of the first two, also when it comes while they last.

import { setTimeout as delay } from "node:timers/promises";
import type { Service } from "@brood/core";
import type { Handoff } from "./handoff/handoff.ts";
import { SERVICE_ENDS } from "./worker/host-message.ts";

export interface EndingParts {
  readonly service: Service;
  readonly handoff: Handoff;
  readonly stopDelayMs: number;
  readonly drainTimeoutMs: number;
}

export interface StopOptions {
  /** Without the stop delay, and the workers are killed instead of drained. */
  readonly now?: boolean;
}

/** A worker that is deep in a request accepts when it comes back from it; one that stands still must not hold up the stop.
 *  What is left in the queue then each worker takes itself before it drains. */
const TAKEN_WITHIN_MS = 2_500;

export class Ending {
  /** Settles when it has begun. */
  readonly begun: Promise<void>;
  readonly #parts: EndingParts;
  readonly #hurry: AbortController = new AbortController();
  #begin: () => void = () => {};
  #prepared: Promise<void> | null = null;

  constructor(parts: EndingParts) {
    this.#parts = parts;
    this.begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
  }

  /** Resolves when the last worker has gone. Repeated calls join. */
  async end({ now = false }: StopOptions): Promise<void> {
    this.#begin();
    if (now) this.#hurry.abort();
    this.#prepared ??= this.#prepare();
    await this.#prepared;
    await this.#parts.service.stop({ now });
  }

  async #prepare(): Promise<void> {
    const { service, handoff, stopDelayMs, drainTimeoutMs } = this.#parts;
    const { signal } = this.#hurry;
    const isServing = service.stats().state !== "starting";
    service.announceStop();
    if (isServing && stopDelayMs > 0) await delay(stopDelayMs, undefined, { signal }).catch(() => undefined);
    const { ready, workers } = service.stats();
    const limitMs = ready === 0 ? 0 : Math.min(TAKEN_WITHIN_MS, drainTimeoutMs / 2);
    await handoff.stopping({ limitMs, signal });
    // One that drains already learns that nobody is left to pass its connections to.
    const told = workers.filter(({ state }) => state === "ready" || state === "draining");
    for (const { worker } of told) service.post(worker, SERVICE_ENDS);
  }
}
