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
/** Values travel together, which costs half of what each alone does, while they cannot be nested deeper than their reader's stack:
 *  a level takes five bytes at least, and 1,600 levels fit into any stack that Node gives. */
const TOGETHER_MAX_BYTES = 8_192;
/** Those that may be on their way when the reader says that it could not read one. */
const TOLD_MAX = 8;
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
  #hasObjects = false;
  /** The last messages of several values together. */
  readonly #told: (readonly unknown[])[] = [];
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

  /** The answers of the last messages again, each as bytes of its own: one of those messages could not be read. */
  retell(): void {
    for (const answers of this.#told.splice(0)) this.#postApart(answers);
  }

  flush(): void {
    if (this.#held.length === 0) return;
    const held = this.#held;
    const isCarried = !this.#hasObjects;
    this.#held = [];
    this.#hasObjects = false;
    if (isCarried) return this.#channel.post(held, []);
    const bytes = this.#asBytes(held);
    if (bytes === null) return this.#postApart(held);
    this.#told.push(held);
    if (this.#told.length > TOLD_MAX) this.#told.shift();
    this.#channel.post([bytes], []);
  }

  /** @throws for a value that cannot be sent; then nothing of it was */
  #take(seq: number, status: number, value: unknown, us: number, transfer: readonly unknown[]): void {
    if (this.#channel.isCheap) return this.#channel.post([seq, status, value, us], transfer);
    if (!isCarriedAsIs(value)) this.#hasObjects = true;
    this.#hold(seq, status, value, us);
  }

  #hold(seq: number, status: number, value: unknown, us: number): void {
    const nowMs = performance.now();
    if (this.#held.length === 0) this.#heldSinceMs = nowMs;
    this.#held.push(seq, status, value, us);
    if (this.#held.length >= HELD_MAX * RESULT_STRIDE || nowMs - this.#heldSinceMs >= HOLD_MS) this.flush();
  }

  /** All of them together; null: one cannot be sent, or they are large enough to be nested too deep for their reader. */
  #asBytes(held: readonly unknown[]): Uint8Array | null {
    try {
      const bytes = encodeValue(held);
      return bytes.length <= TOGETHER_MAX_BYTES ? bytes : null;
    } catch {
      return null;
    }
  }

  /** Each as bytes of its own, in one message, or in one of its own where that is larger than the link takes. */
  #postApart(held: readonly unknown[]): void {
    const apart: unknown[] = [];
    for (let at = 0; at < held.length; at += RESULT_STRIDE) apart.push(...this.#apart(held, at));
    try {
      this.#channel.post(apart, []);
    } catch {
      for (let at = 0; at < apart.length; at += RESULT_STRIDE) this.#postOne(apart, at);
    }
  }

  #apart(held: readonly unknown[], at: number): readonly unknown[] {
    const [seq, status, value, us] = held.slice(at, at + RESULT_STRIDE);
    if (isCarriedAsIs(value)) return [seq, status, value, us];
    try {
      return [seq, (status as number) + ANSWER_ENCODED, encodeValue(value), us];
    } catch (error) {
      return [seq, NOT_CLONEABLE, textOf(error), us];
    }
  }

  #postOne(answers: readonly unknown[], at: number): void {
    try {
      this.#channel.post(answers.slice(at, at + RESULT_STRIDE), []);
    } catch (error) {
      this.#refuse(answers[at] as number, answers[at + 3] as number, error);
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
