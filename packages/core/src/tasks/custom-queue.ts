// A queue of the user's own (piscina's `taskQueue`) in the place of the lanes; what came back still goes first. It decides the order
// and nothing else: which tasks wait is known here, so that none is lost in it, or comes out twice. One that fails (throws, gives
// what was not put in, or has no task when it says that it has) is not asked any more: from then on the tasks wait in the built-in
// queue, in the order in which they came.

import type { CallbackGuard, Expected } from "../callbacks.ts";
import type { Job } from "./job.ts";
import { PriorityQueue, type TaskQueue } from "./task-queue.ts";

/** Piscina's TaskQueue: any object with these four. */
export interface CustomQueue<Item> {
  readonly size: number;
  shift(): Item | null | undefined;
  push(item: Item): void;
  remove(item: Item): void;
}

const INSTEAD = "Its tasks wait in the built-in queue from now on.";

/** Nothing that a queue could give. */
const FAILED: unique symbol = Symbol("failed");

export class AdaptedQueue<Item extends Job> implements TaskQueue<Item> {
  readonly #custom: CustomQueue<Item>;
  readonly #guard: CallbackGuard;
  readonly #own = new PriorityQueue<Item>();
  readonly #ownMembers: Set<Item> = new Set();
  /** What was put into the user's queue and waits there, in that order. */
  readonly #inside: Set<Item> = new Set();
  /** So many were removed, and may come out of a queue that takes no notice of it. */
  #removed = 0;
  #hasFailed = false;

  constructor(custom: CustomQueue<Item>, guard: CallbackGuard) {
    this.#custom = custom;
    this.#guard = guard;
  }

  get size(): number {
    return this.#inside.size + this.#own.size;
  }

  /** The user's order is the user's: nobody knows. */
  get hasPriorities(): boolean {
    return true;
  }

  push(job: Item): void {
    this.#inside.add(job);
    if (!this.#hasFailed)
      this.#ask(
        "push",
        () => this.#custom.push(job),
        () => null,
      );
    if (this.#hasFailed) this.#takeOver();
  }

  putBack(job: Item): void {
    this.#own.putBack(job);
    this.#ownMembers.add(job);
  }

  peek(): Item | undefined {
    const first = this.#own.peek();
    if (first !== undefined) return first;
    const custom = this.#shiftCustom();
    if (custom !== undefined) this.putBack(custom);
    return custom ?? this.#own.peek();
  }

  shift(): Item | undefined {
    const first = this.#shiftOwn();
    return first ?? this.#shiftCustom() ?? this.#shiftOwn();
  }

  remove(job: Item): void {
    if (this.#ownMembers.delete(job)) return this.#own.remove(job);
    if (!this.#inside.delete(job)) return;
    this.#removed += 1;
    this.#ask(
      "remove",
      () => this.#custom.remove(job),
      () => null,
    );
    if (this.#hasFailed) this.#takeOver();
  }

  /** Everything that waits, also what the user's queue does not give. */
  drain(): Item[] {
    this.#hasFailed = true;
    this.#takeOver();
    const all: Item[] = [];
    for (let job = this.#shiftOwn(); job !== undefined; job = this.#shiftOwn()) all.push(job);
    return all;
  }

  #shiftOwn(): Item | undefined {
    const job = this.#own.shift();
    if (job !== undefined) this.#ownMembers.delete(job);
    return job;
  }

  /** Undefined: there is none, or the queue keeps it for now. */
  #shiftCustom(): Item | undefined {
    while (this.#inside.size > 0 && !this.#hasFailed) {
      const isEmpty = this.#ask("size", () => this.#custom.size, isNumber) === 0;
      if (isEmpty || this.#hasFailed) break;
      const given = this.#ask(
        "shift",
        () => this.#custom.shift(),
        (answer) => this.#readShifted(answer),
      );
      if (given === null) return undefined;
      if (given !== FAILED && this.#inside.delete(given)) return given;
      // It was removed, and the queue has it still.
      this.#removed -= 1;
    }
    if (this.#hasFailed) this.#takeOver();
    return undefined;
  }

  #readShifted(answer: unknown): Item | null | undefined {
    if (answer === null || answer === undefined) return null;
    const isOurs = this.#inside.has(answer as Item);
    return isOurs || this.#removed > 0 ? (answer as Item) : undefined;
  }

  #ask<Value>(method: string, call: () => unknown, read: Expected<Value>["read"]): Value | typeof FAILED {
    const accepted = method === "size" ? "a number" : "a task that was put in and waits";
    const expected: Expected<Value | typeof FAILED> = { read, accepted, fallback: FAILED, instead: INSTEAD };
    const answer = this.#guard.ask(`taskQueue.${method}`, call, expected);
    if (answer === FAILED) this.#hasFailed = true;
    return answer;
  }

  #takeOver(): void {
    for (const job of this.#inside) {
      this.#own.push(job);
      this.#ownMembers.add(job);
    }
    this.#inside.clear();
  }
}

function isNumber(answer: unknown): number | undefined {
  return typeof answer === "number" ? answer : undefined;
}
