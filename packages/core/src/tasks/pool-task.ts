// One task of a pool, from run() to its outcome. `settle` is the only way out and works once: whoever comes second (an answer
// after a timeout, an exit after an answer) is told so and changes nothing.

import type { Job, JobState } from "./job.ts";
import type { WorkerLoad } from "./worker-load.ts";

/** Piscina's: a task object with this symbol carries options for a custom queue. */
const QUEUE_OPTIONS = Symbol.for("Piscina.queueOptions");

/** What a run was asked for beside its value. One object for all runs without options of their own. */
export interface TaskRequest {
  readonly name: string;
  readonly transfer: readonly unknown[];
  readonly priority: number;
  readonly timeoutMs: number | null;
  readonly retries: number;
  readonly signal: AbortSignal | null;
  /** For one worker, and no other. */
  readonly isPinned: boolean;
}

/** Of every task that is settled. */
const NO_REQUEST: TaskRequest = {
  name: "",
  transfer: [],
  priority: 0,
  timeoutMs: null,
  retries: 0,
  signal: null,
  isPinned: false,
};

export type Outcome =
  | { readonly isDone: true; readonly value: unknown }
  | { readonly isDone: false; readonly error: unknown };

export class PoolTask implements Job {
  readonly taskId: number;
  readonly name: string;
  /** Let go when it is settled: it may be large, and the task may have to wait for its worker's answer. */
  value: unknown;
  request: TaskRequest;
  state: JobState = "queued";
  load: WorkerLoad | null = null;
  seq = 0;
  cell = 0;
  estimateUs = 0;
  retriesLeft: number;
  /** The number of the first task of the message that it went out in. */
  message = 0;
  /** Whether that message was its alone. */
  wentAlone = false;
  /** How often its worker ended, or could not read, with nothing to blame but the message it was in. */
  suspicions = 0;
  /** Microseconds of a clock that wraps (int32): only differences mean anything. Small integers cost no memory of their
   *  own, and a hundred thousand waiting tasks are mostly garbage collection. */
  readonly createdUs: number;
  beganUs = 0;
  /** Ends its timeout and its listening to the signal. */
  cancelTimer: (() => void) | null = null;
  stopListening: (() => void) | null = null;
  #resolve: ((value: unknown) => void) | null;

  constructor(
    taskId: number,
    value: unknown,
    request: TaskRequest,
    nowMs: number,
    resolve: (value: unknown) => void,
  ) {
    this.taskId = taskId;
    this.name = request.name;
    this.value = value;
    this.request = request;
    this.createdUs = wrappedUs(nowMs);
    this.retriesLeft = request.retries;
    this.#resolve = resolve;
  }

  get priority(): number {
    return this.request.priority;
  }

  get isAlone(): boolean {
    return this.suspicions > 0 || this.request.transfer.length > 0 || this.isPinned;
  }

  get isPinned(): boolean {
    return this.request.isPinned;
  }

  /** What it carried is gone when it was sent. */
  get isOneWay(): boolean {
    return this.request.transfer.length > 0;
  }

  get waitedUs(): number {
    return (this.beganUs - this.createdUs) | 0;
  }

  /** For a custom queue or balancer, as in piscina. */
  get isAbortable(): boolean {
    return this.request.signal !== null;
  }

  /** It waits again: its worker did not begin it, or it may run once more. */
  comeBack(): void {
    this.state = "queued";
    this.load = null;
    this.cancelTimer?.();
    this.cancelTimer = null;
  }

  /** False when it had its outcome already. */
  settle(outcome: Outcome): boolean {
    if (this.state === "settled") return false;
    this.state = "settled";
    this.cancelTimer?.();
    this.stopListening?.();
    this.cancelTimer = null;
    this.stopListening = null;
    this.value = undefined;
    this.request = NO_REQUEST;
    // A promise's reject function would be kept for each task that waits, a tenth of its memory, and few ever need it.
    this.#resolve?.(outcome.isDone ? outcome.value : Promise.reject(outcome.error));
    // A place in a queue that nobody has needed again must not keep a result alive.
    this.#resolve = null;
    return true;
  }
}

export function wrappedUs(ms: number): number {
  return Math.trunc((ms * 1_000) % 2 ** 32) | 0;
}

Object.defineProperty(PoolTask.prototype, QUEUE_OPTIONS, {
  get(this: PoolTask): unknown {
    const { value } = this;
    const isMarked = typeof value === "object" && value !== null && QUEUE_OPTIONS in value;
    return isMarked ? Reflect.get(value, QUEUE_OPTIONS) : null;
  },
});
