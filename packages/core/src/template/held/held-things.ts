// What an application begins while it loads and only a worker may do: to connect, to listen, to start threads and processes. A
// template keeps each call, and every worker performs them in their order, with the context (AsyncLocalStorage) that they
// were made in. So an unchanged program is forked without a connection that two workers share.
// Each kind has a file here, which leads Node's own function through this registry. A wrapper stays in place in the workers
// and lets all through: to take it off would make each worker compile again what has called it.

import { AsyncResource } from "node:async_hooks";
import type { HeldCounts, HeldKind } from "../../machine/held.ts";
import { NOTHING_HELD } from "../../machine/held.ts";
import { isUnheld } from "../../worker/unheld.ts";
import { callerHere } from "../origins.ts";

export interface Held {
  readonly kind: HeldKind;
  /** `a connection to 127.0.0.1:6379` */
  readonly what: string;
  /** False: the application has given it up meanwhile. */
  isWanted(): boolean;
  perform(): void;
  /** What the application is to hear when `perform` throws, as its own call would have. */
  failed(error: Error): void;
}

interface Kept extends Held {
  readonly at: string | null;
  readonly context: AsyncResource;
}

export class HeldThings {
  #things: Kept[] = [];
  #isHolding = true;
  #made = 0;

  /** Whether a call is to be kept, and not performed at once. */
  get isHolding(): boolean {
    return this.#isHolding && !isUnheld();
  }

  /** How many there have ever been: whether something has come since. */
  get made(): number {
    return this.#made;
  }

  /** Nothing is held that is wanted still. */
  get isEmpty(): boolean {
    return !this.#things.some((each) => each.isWanted());
  }

  hold(held: Held): void {
    this.#made += 1;
    this.#things.push({ ...held, at: callerHere(), context: new AsyncResource("BroodHeld") });
  }

  /** Now in their order, and from here on everything at once: in a worker, or where nothing is to be held. */
  perform(): void {
    this.#isHolding = false;
    const things = this.#things;
    this.#things = [];
    for (const each of things) each.context.runInAsyncScope(() => perform(each));
  }

  counts(): HeldCounts {
    const counts: Record<HeldKind, number> = { ...NOTHING_HELD };
    for (const each of this.#wanted()) counts[each.kind] += 1;
    return counts;
  }

  /** Each in words, with its place. */
  described(): readonly string[] {
    return this.#wanted().map(({ what, at }) => (at === null ? what : `${what}, at ${at}`));
  }

  #wanted(): readonly Kept[] {
    return this.#things.filter((each) => each.isWanted());
  }
}

function perform(held: Held): void {
  if (!held.isWanted()) return;
  try {
    held.perform();
  } catch (error) {
    held.failed(error instanceof Error ? error : new Error(String(error)));
  }
}
