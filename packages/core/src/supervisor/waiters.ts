// Who waits for an answer: the machine settles requests by id, here the promises of their callers are kept.
// Every request is answered exactly once: by the machine, or with BROOD_BUG when it has given up, also one that comes later.

import { ERROR_CATALOGUE, type ErrorCode, PoolError } from "../errors.ts";
import type { Command } from "../machine/commands.ts";
import type { FailureReason, RollResult } from "../machine/names.ts";

export type Settlement = Extract<Command, { readonly type: `Settle${string}` }>;

interface Waiter<Value> {
  readonly resolve: (value: Value) => void;
  readonly reject: (error: Error) => void;
}

export class Waiters {
  readonly #starts: Waiter<void>[] = [];
  readonly #stops: Waiter<void>[] = [];
  readonly #rolls: Map<string, Waiter<RollResult>> = new Map();
  readonly #scales: Map<string, Waiter<void>> = new Map();

  /** Why nothing is answered by the machine any more. */
  #failure: Error | null = null;

  forStart(): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => this.#starts.push({ resolve, reject }));
  }

  forStop(): Promise<void> {
    return new Promise((resolve, reject) => this.#stops.push({ resolve, reject }));
  }

  forRoll(requestId: string): Promise<RollResult> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => this.#rolls.set(requestId, { resolve, reject }));
  }

  forScale(requestId: string): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => this.#scales.set(requestId, { resolve, reject }));
  }

  settle(settlement: Settlement): void {
    switch (settlement.type) {
      case "SettleStart":
        for (const waiter of this.#starts.splice(0)) answer(waiter, settlement.reason);
        return;
      case "SettleScale":
        answer(this.#scales.get(settlement.requestId), settlement.reason);
        this.#scales.delete(settlement.requestId);
        return;
      case "SettleRoll":
        this.#rolls.get(settlement.requestId)?.resolve(settlement.result);
        this.#rolls.delete(settlement.requestId);
        return;
      case "SettleStop":
        for (const waiter of this.#stops.splice(0)) waiter.resolve();
        return;
    }
  }

  /** Everybody but those who wait for the stop, from now on too. */
  rejectAll(error: Error): void {
    this.#failure = error;
    for (const waiter of [...this.#starts.splice(0), ...this.#rolls.values(), ...this.#scales.values()]) {
      waiter.reject(error);
    }
    this.#rolls.clear();
    this.#scales.clear();
  }
}

function answer(waiter: Waiter<void> | undefined, reason: FailureReason | null): void {
  if (reason === null) waiter?.resolve();
  else waiter?.reject(errorOf(reason));
}

/** A failure as the error a caller gets; `details` holds everything known. */
export function errorOf(reason: FailureReason): PoolError {
  const isKnown = (code: string): code is ErrorCode => Object.hasOwn(ERROR_CATALOGUE, code);
  const code = isKnown(reason.code) ? reason.code : "BROOD_WORKER_EXITED";
  return new PoolError(code, reason.message, { details: { ...reason } });
}
