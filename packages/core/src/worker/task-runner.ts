// Runs tasks in a worker: begins them in the order they were sent, at most `concurrency` at a time, and tells of each
// when it is over. A loop of short tasks gives the event loop back every few milliseconds, so that heartbeats, aborts
// and a Drain come through. What a message costs decides how results leave: through shared memory at once, else in a
// thread each in a message, at once too; over a process's pipe gathered for half a millisecond, but never held back
// behind a task that is not known to be short.

import { performance } from "node:perf_hooks";
import {
  ABORT,
  CELL_SHIFT,
  DONE,
  NO_SUCH_TASK,
  ONE_WAY,
  RETURNED,
  RUN_ONE,
  type TaskMessage,
  type TaskOrder,
  TELL_FIRST,
  THREW,
} from "../link/task-protocol.ts";
import { encodeThrown } from "../link/thrown.ts";
import { ResultBuffer } from "./result-buffer.ts";
import { createTaskContext, type TaskContext, type TaskSurroundings } from "./task-context.ts";
import type { TaskHandler } from "./task-module.ts";
import { WaitingTasks } from "./waiting-tasks.ts";

/** How many tasks stand behind, and the number of the last one that came. */
export type Behind = Pick<WaitingTasks, "size" | "last">;

/** What the runner needs of its transport. */
export interface TaskChannel {
  /** @throws when a value cannot be cloned; then nothing was sent. */
  post(results: TaskMessage, transfer: readonly unknown[]): void;
  /** Hands a result over without a message; false: not this one. */
  place(seq: number, result: unknown, durationUs: number, behind: Behind): boolean;
  /** There is nothing more to do now: tells what could wait. */
  rest(behind: Behind): void;
  /** Does one message more cost next to nothing? */
  readonly isCheap: boolean;
  /** Asked before a task begins; false: it was taken back. */
  claim(seq: number, cell: number): boolean;
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
  readonly #waiting = new WaitingTasks();
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
    this.#waiting.push(message);
    this.#pump();
  }

  /** Gives back what has not begun; resolves when nothing runs. */
  drain(): Promise<void> {
    const waiting = this.#waiting;
    const oneWay: TaskMessage[] = [];
    while (waiting.next()) {
      const { seq, name, value, flags } = waiting;
      if ((flags & ONE_WAY) === 0) this.#results.add(seq, RETURNED, null, 0);
      else oneWay.push([RUN_ONE, seq, name, value, flags]);
    }
    for (const message of oneWay) waiting.push(message);
    this.#results.flush();
    if (this.#active === 0 && waiting.size === 0) return Promise.resolve();
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
    if (!this.#waiting.remove(seq)) return;
    this.#results.add(seq, RETURNED, null, 0);
    this.#results.flush();
  }

  #pump(): void {
    if (this.#isPumping || this.#isResting) return;
    this.#isPumping = true;
    const untilMs = performance.now() + SLICE_MS;
    let nowMs = 0;
    while (this.#active < this.#concurrency && nowMs < untilMs) {
      if (!this.#waiting.next()) break;
      nowMs = this.#begin(this.#waiting);
    }
    this.#isPumping = false;
    this.#results.flush();
    if (nowMs < untilMs || this.#waiting.size === 0) return this.#channel.rest(this.#waiting);
    this.#isResting = true;
    setImmediate(() => {
      this.#isResting = false;
      this.#pump();
    });
  }

  /** Returns the time when the task was over, or had gone on in the background. */
  #begin({ seq, name: given, value, flags }: WaitingTasks): number {
    const name = given ?? this.#defaultName;
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
    if (status === DONE) this.#results.addResult(seq, outcome, us, this.#waiting);
    else if (!this.#results.tryAdd(seq, THREW, encodeThrown(outcome), us))
      this.#results.add(seq, THREW, encodeThrown(outcome, true), us);
    if (this.#active === 0 && this.#waiting.size === 0 && this.#onIdle !== null) {
      this.#results.flush();
      this.#onIdle();
    }
    return nowMs;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
