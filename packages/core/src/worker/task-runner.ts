// Runs tasks in a worker: begins them in the order they were sent, at most `concurrency` at a time, and tells of each
// when it is over. A loop of short tasks gives the event loop back every few milliseconds, so that heartbeats, aborts
// and a Drain come through. What a message costs decides how results leave: through shared memory at once, else in a
// thread each in a message, at once too; over a process's pipe gathered for half a millisecond, but never held back
// behind a task that is not known to be short.

import { performance } from "node:perf_hooks";
import { decodeValue } from "../link/carried.ts";
import { textOf } from "../link/described.ts";
import {
  ABORT,
  ASK,
  CELL_SHIFT,
  DONE,
  HOLDS,
  NO_SUCH_TASK,
  ONE_WAY,
  RETURNED,
  RUN,
  RUN_ONE,
  type TaskMessage,
  type TaskOrder,
  TELL_FIRST,
  THREW,
  UNREAD,
  UNREADABLE,
  VALUE_ENCODED,
} from "../link/task-protocol.ts";
import { encodeThrown } from "../link/thrown.ts";
import { promiseOf } from "./promise-of.ts";
import { ResultBuffer } from "./result-buffer.ts";
import { createTaskContext, type TaskContext, type TaskSurroundings } from "./task-context.ts";
import type { TaskHandler, TaskModule } from "./task-module.ts";
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

/** Thrown where a task's function is looked for; known by identity, since a task may throw what cannot be asked for its class. */
const NO_FUNCTION: object = Object.freeze({});

export class TaskRunner {
  readonly #module: Pick<TaskModule, "get" | "find" | "names">;
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
    module: Pick<TaskModule, "get" | "find" | "names">,
    { concurrency, defaultName }: Pick<TaskOrder, "concurrency" | "defaultName">,
    channel: TaskChannel,
    surroundings: TaskSurroundings,
  ) {
    this.#module = module;
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
    if (message[0] === ASK) return this.#tellHeld(message[1] as number);
    if (message[0] === RUN && !Array.isArray(message[3])) return this.#receiveBytes(message);
    this.#waiting.push(message);
    this.#pump();
  }

  /** Tasks whose values travel together. */
  #receiveBytes([kind, seq, names, bytes, flags]: TaskMessage): void {
    let values: unknown;
    try {
      values = decodeValue(bytes);
    } catch {
      return this.unread();
    }
    this.#waiting.push([kind, seq, names, values, flags]);
    this.#pump();
  }

  /** A message came that could not be read: tasks, in it, will be asked for. */
  unread(): void {
    this.#results.tell(0, UNREAD, null);
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

  #tellHeld(upTo: number): void {
    this.#results.retell();
    const held = [...this.#running.keys(), ...this.#waiting.numbers()];
    this.#results.tell(upTo, HOLDS, held);
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
  #begin({ seq, name: given, value: carried, flags }: WaitingTasks): number {
    const name = given ?? this.#defaultName;
    this.#results.makeWay(name, (flags & TELL_FIRST) !== 0);
    if (!this.#channel.claim(seq, flags >> CELL_SHIFT)) return 0;
    let value: unknown = carried;
    if ((flags & VALUE_ENCODED) !== 0) {
      try {
        value = decodeValue(carried);
      } catch (error) {
        this.#results.add(seq, UNREADABLE, textOf(error), 0);
        return 0;
      }
    }
    const handler = this.#module.get(name) ?? this.#lookedFor(name);
    this.#active += 1;
    const context = createTaskContext(this.#surroundings);
    const beganAtMs = performance.now();
    let result: unknown;
    try {
      result = handler(value, context);
      const promise = promiseOf(result);
      if (promise !== null) return this.#follow(seq, name, promise, context, beganAtMs);
    } catch (thrown) {
      return this.#finish(seq, name, THREW, thrown, beganAtMs);
    }
    return this.#finish(seq, name, DONE, result, beganAtMs);
  }

  /** @throws what following the promise throws; then it is not followed */
  #follow(
    seq: number,
    name: string,
    promise: Promise<unknown>,
    context: TaskContext,
    beganAtMs: number,
  ): number {
    const later = (status: number) => (outcome: unknown) => {
      this.#running.delete(seq);
      this.#finish(seq, name, status, outcome, beganAtMs);
      queueMicrotask(() => this.#pump());
    };
    promise.then(later(DONE), later(THREW));
    this.#running.set(seq, context);
    return performance.now();
  }

  /** A function whose export has to be read first. */
  #lookedFor(name: string): TaskHandler {
    return async (task, context) => {
      const found = await this.#module.find(name);
      if (found === null) throw NO_FUNCTION;
      return found(task, context);
    };
  }

  #finish(seq: number, name: string, status: number, outcome: unknown, beganAtMs: number): number {
    const nowMs = performance.now();
    // Whole, since arrays of small integers are encoded faster; a number, also where a task has replaced the clock.
    const tookUs = Math.round((nowMs - beganAtMs) * 1_000);
    const us = tookUs > 0 && tookUs < Number.MAX_SAFE_INTEGER ? tookUs : 0;
    this.done += 1;
    this.#active -= 1;
    this.#results.learn(name, us);
    if (status === DONE) this.#results.addResult(seq, outcome, us, this.#waiting);
    else if (outcome === NO_FUNCTION) this.#results.tell(seq, NO_SUCH_TASK, this.#module.names);
    else {
      this.#results.flush();
      this.#results.add(seq, THREW, encodeThrown(outcome), us);
      this.#results.flush();
    }
    if (this.#active === 0 && this.#waiting.size === 0 && this.#onIdle !== null) {
      this.#results.flush();
      this.#onIdle();
    }
    return nowMs;
  }
}
