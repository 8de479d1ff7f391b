// The callers' abort signals. One listener for each signal, however many tasks have it: Node warns of eleven, and takes one of
// many off a signal by a walk over all of them, so that 20,000 runs with one signal would settle in quadratic time.

import type { PoolTask } from "./pool-task.ts";

export class SignalTasks {
  readonly #abort: (task: PoolTask, reason: unknown) => void;
  readonly #watches: WeakMap<AbortSignal, Watch> = new WeakMap();

  constructor(abort: (task: PoolTask, reason: unknown) => void) {
    this.#abort = abort;
  }

  /** The task was accepted, and its signal has not aborted. */
  watch(task: PoolTask, signal: AbortSignal): void {
    let watch = this.#watches.get(signal);
    if (watch === undefined) {
      watch = new Watch(signal, this.#abort, () => this.#watches.delete(signal));
      this.#watches.set(signal, watch);
    }
    watch.add(task);
  }
}

/** One listener, for as long as a task has the signal. */
class Watch {
  readonly #tasks: Set<PoolTask> = new Set();
  readonly #end: () => void;

  constructor(signal: AbortSignal, abort: (task: PoolTask, reason: unknown) => void, onEnd: () => void) {
    const onAbort = (): void => {
      for (const task of this.#tasks) abort(task, signal.reason);
    };
    signal.addEventListener("abort", onAbort);
    this.#end = () => {
      signal.removeEventListener("abort", onAbort);
      onEnd();
    };
  }

  add(task: PoolTask): void {
    this.#tasks.add(task);
    task.stopListening = () => {
      this.#tasks.delete(task);
      if (this.#tasks.size === 0) this.#end();
    };
  }
}
