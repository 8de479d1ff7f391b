// How results leave a worker. Where no message is needed (shared memory), or one is cheap, each at once. Where it is
// not (a process's pipe), they are gathered for at most half a millisecond; and before a task begins that is not known
// to be short, everything gathered leaves first. So nobody's result waits behind a slow task, but for the first slow
// one of a name that had always been short.

import { performance } from "node:perf_hooks";
import { encodeValue, isCarriedAsIs } from "../link/carried.ts";
import { textOf } from "../link/described.ts";
import { ANSWER_ENCODED, DONE, NOT_CLONEABLE, RESULT_STRIDE } from "../link/task-protocol.ts";
import { movedOf } from "./movable.ts";
import type { Behind, TaskChannel } from "./task-runner.ts";

const HOLD_MS = 0.5;
const HELD_MAX = 128;
/** A name is short when its recent tasks were, at worst, shorter than this. */
const SHORT_US = 250;
const SAMPLES_MIN = 8;
/** Each task lets the worst be forgotten a little: after about 300 it counts for a twentieth. */
const FORGET = 0.99;

interface Record {
  samples: number;
  worstUs: number;
}

export class ResultBuffer {
  readonly #channel: Pick<TaskChannel, "post" | "isCheap" | "place">;
  readonly #records: Map<string, Record> = new Map();
  #held: unknown[] = [];
  #heldSinceMs = 0;

  constructor(channel: Pick<TaskChannel, "post" | "isCheap" | "place">) {
    this.#channel = channel;
  }

  /** Before a task of that name begins. */
  makeWay(name: string, mustTell: boolean): void {
    if (this.#held.length > 0 && (mustTell || !this.#isShort(name))) this.flush();
  }

  learn(name: string, us: number): void {
    if (this.#channel.isCheap) return;
    const record = this.#records.get(name);
    if (record === undefined) this.#records.set(name, { samples: 1, worstUs: us });
    else {
      record.samples += 1;
      record.worstUs = Math.max(us, record.worstUs * FORGET);
    }
  }

  addResult(seq: number, result: unknown, us: number, behind: Behind): void {
    if (this.#channel.place(seq, result, us, behind)) return;
    try {
      const moved = movedOf(result);
      if (moved === null) this.#take(seq, DONE, result, us, []);
      else this.#take(seq, DONE, moved.value, us, moved.transfer);
    } catch (error) {
      this.#refuse(seq, us, error);
    }
  }

  /** Takes an outcome in; one that cannot be sent is told as such. */
  add(seq: number, status: number, value: unknown, us: number): void {
    try {
      this.#take(seq, status, value, us, []);
    } catch (error) {
      this.#refuse(seq, us, error);
    }
  }

  /** Says something about tasks, after everything said so far and at once. */
  tell(seq: number, status: number, value: unknown): void {
    this.flush();
    this.#channel.post([seq, status, value, 0], []);
  }

  /** @throws for a value that cannot be sent; then nothing of it was */
  #take(seq: number, status: number, value: unknown, us: number, transfer: readonly unknown[]): void {
    if (this.#channel.isCheap) this.#channel.post([seq, status, value, us], transfer);
    else if (isCarriedAsIs(value)) this.#hold(seq, status, value, us);
    else this.#hold(seq, status + ANSWER_ENCODED, encodeValue(value), us);
  }

  #hold(seq: number, status: number, value: unknown, us: number): void {
    const nowMs = performance.now();
    if (this.#held.length === 0) this.#heldSinceMs = nowMs;
    this.#held.push(seq, status, value, us);
    if (this.#held.length >= HELD_MAX * RESULT_STRIDE || nowMs - this.#heldSinceMs >= HOLD_MS) this.flush();
  }

  flush(): void {
    if (this.#held.length === 0) return;
    const held = this.#held;
    this.#held = [];
    try {
      this.#channel.post(held, []);
    } catch {
      this.#sendEach(held);
    }
  }

  /** One of them is larger than the link takes; the others must not suffer. */
  #sendEach(held: readonly unknown[]): void {
    for (let at = 0; at < held.length; at += RESULT_STRIDE) {
      try {
        this.#channel.post(held.slice(at, at + RESULT_STRIDE), []);
      } catch (error) {
        this.#refuse(held[at] as number, held[at + 3] as number, error);
      }
    }
  }

  #refuse(seq: number, us: number, error: unknown): void {
    this.#channel.post([seq, NOT_CLONEABLE, textOf(error), us], []);
  }

  #isShort(name: string): boolean {
    const record = this.#records.get(name);
    return record !== undefined && record.samples >= SAMPLES_MIN && record.worstUs < SHORT_US;
  }
}
