// Runs tasks in a worker: begins them in the order they were sent, at most `concurrency` at a time, and tells of each when
// it is over. A loop of short tasks gives the event loop back every few milliseconds, so that heartbeats, aborts and a
// Drain come through. What a message costs decides how results leave: in a thread through shared memory or each in a
// message, at once; over a process's pipe gathered for half a millisecond, but never held back behind a task that is not
// known to be short.

import { performance } from "node:perf_hooks";
import {
  ABORT,
  CELL_SHIFT,
  DONE,
  eachTask,
  NO_SUCH_TASK,
  ONE_WAY,
  RETURNED,
  type TaskMessage,
  type TaskOrder,
  TELL_FIRST,
  THREW,
} from "../link/task-protocol.ts";
import { encodeThrown } from "../link/thrown.ts";
import { ResultBuffer } from "./result-buffer.ts";
import { createTaskContext, type TaskContext, type TaskSurroundings } from "./task-context.ts";
import type { TaskHandler } from "./task-module.ts";

/** What the runner needs of its transport. */
export interface TaskChannel {
  /** @throws when a value cannot be cloned; then nothing was sent. */
  post(results: TaskMessage, transfer: readonly unknown[]): void;
  /** Hands a result over without a message; false: not this one. */
  place(seq: number, result: unknown, durationUs: number): boolean;
  /** Does one message more cost next to nothing? */
  readonly isCheap: boolean;
  /** Asked before a task begins; false: it was taken back. */
  claim(seq: number, cell: number): boolean;
}

interface Waiting {
  readonly seq: number;
  readonly name: string;
  readonly value: unknown;
  readonly flags: number;
}

/** So long may tasks run before the event loop has a turn: heartbeats and aborts wait no longer for short tasks. */
const SLICE_MS = 5;

const { setImmediate, queueMicrotask } = globalThis;

export class TaskRunner {
  readonly #handlers: ReadonlyMap<string, TaskHandler>;
  readonly #concurrency: number;
  readonly #defaultName: string;
  readonly #channel: TaskChannel;
  readonly #surroundings: TaskSurroundings;
  readonly #results: ResultBuffer;
  readonly #running: Map<number, TaskContext> = new Map();
  #waiting: Waiting[] = [];
  #head = 0;
  #active = 0;
  #isPumping = false;
  #isResting = false;
  #onIdle: (() => void) | null = null;
  /** Tasks that are over, well or not. */
  done = 0;

  constructor(
    handlers: ReadonlyMap<string, TaskHandler>,
    { concurrency, defaultName }: Pick<TaskOrder, "concurrency" | "defaultName">,
    channel: TaskChannel,
    surroundings: TaskSurroundings,
  ) {
    this.#handlers = handlers;
    this.#concurrency = concurrency;
    this.#defaultName = defaultName;
    this.#channel = channel;
    this.#surroundings = surroundings;
    this.#results = new ResultBuffer(channel);
  }

  get active(): number {
    return this.#active;
  }

  receive(message: TaskMessage): void {
    if (message[0] === ABORT) return this.#abort(message[1] as number);
    eachTask(message, (seq, name, value, flags) =>
      this.#waiting.push({ seq, name: name ?? this.#defaultName, value, flags }),
    );
    this.#pump();
  }

  /** Gives back what has not begun; resolves when nothing runs. */
  drain(): Promise<void> {
    const waiting = this.#waiting.slice(this.#head);
    this.#waiting = waiting.filter(({ flags }) => (flags & ONE_WAY) !== 0);
    this.#head = 0;
    for (const { seq, flags } of waiting) {
      if ((flags & ONE_WAY) === 0) this.#results.add(seq, RETURNED, null, 0);
    }
    this.#results.flush();
    if (this.#active === 0 && this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** Sends what is held back; for the last moment of a process. */
  flush(): void {
    this.#results.flush();
  }

  #abort(seq: number): void {
    this.#running.get(seq)?.abort();
    const at = this.#waiting.findIndex((each, index) => index >= this.#head && each.seq === seq);
    if (at === -1) return;
    this.#waiting.splice(at, 1);
    this.#results.add(seq, RETURNED, null, 0);
    this.#results.flush();
  }

  #pump(): void {
    if (this.#isPumping || this.#isResting) return;
    this.#isPumping = true;
    const untilMs = performance.now() + SLICE_MS;
    let nowMs = 0;
    while (this.#active < this.#concurrency && nowMs < untilMs) {
      const next = this.#next();
      if (next === undefined) break;
      nowMs = this.#begin(next);
    }
    this.#isPumping = false;
    this.#results.flush();
    if (nowMs >= untilMs && this.#head < this.#waiting.length) {
      this.#isResting = true;
      setImmediate(() => {
        this.#isResting = false;
        this.#pump();
      });
    }
  }

  #next(): Waiting | undefined {
    const next = this.#waiting[this.#head];
    if (next === undefined) return undefined;
    this.#head += 1;
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    }
    return next;
  }

  /** Returns the time when the task was over, or had gone on in the background. */
  #begin({ seq, name, value, flags }: Waiting): number {
    this.#results.makeWay(name, (flags & TELL_FIRST) !== 0);
    if (!this.#channel.claim(seq, flags >> CELL_SHIFT)) return 0;
    const handler = this.#handlers.get(name);
    if (handler === undefined) {
      this.#results.add(seq, NO_SUCH_TASK, [...this.#handlers.keys()], 0);
      return 0;
    }
    this.#active += 1;
    const context = createTaskContext(this.#surroundings);
    const beganAtMs = performance.now();
    let result: unknown;
    try {
      result = handler(value, context);
    } catch (thrown) {
      return this.#finish(seq, name, THREW, thrown, beganAtMs);
    }
    if (!isThenable(result)) return this.#finish(seq, name, DONE, result, beganAtMs);
    this.#running.set(seq, context);
    const later = (status: number) => (outcome: unknown) => {
      this.#running.delete(seq);
      this.#finish(seq, name, status, outcome, beganAtMs);
      queueMicrotask(() => this.#pump());
    };
    result.then(later(DONE), later(THREW));
    return performance.now();
  }

  #finish(seq: number, name: string, status: number, outcome: unknown, beganAtMs: number): number {
    const nowMs = performance.now();
    // Whole, since arrays of small integers are encoded faster.
    const us = Math.round((nowMs - beganAtMs) * 1_000);
    this.done += 1;
    this.#active -= 1;
    this.#results.learn(name, us);
    if (status === DONE) this.#results.addResult(seq, outcome, us);
    else if (!this.#results.tryAdd(seq, THREW, encodeThrown(outcome), us))
      this.#results.add(seq, THREW, encodeThrown(outcome, true), us);
    if (this.#active === 0 && this.#waiting.length === 0 && this.#onIdle !== null) {
      this.#results.flush();
      this.#onIdle();
    }
    return nowMs;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
