// What a task gets beside its value. The abort signal is made when the task first asks for it: an AbortController costs more
// than a short task.

import type { Generation, Release, SlotIndex, WorkerId } from "../machine/names.ts";

/** The worker that a task runs in. */
export interface TaskWorkerInfo {
  readonly slot: SlotIndex;
  readonly worker: WorkerId;
  readonly generation: Generation;
  readonly release: Release;
  readonly runtime: "worker_threads" | "child_process";
}

export interface TaskSurroundings {
  readonly worker: TaskWorkerInfo;
  readonly workerData: unknown;
}

/** The second parameter of a task function. */
export interface TaskContext extends TaskSurroundings {
  /** Aborts when the caller's signal does, or the task's time is up. End soon then: after `abortGraceMs` the worker goes. */
  readonly signal: AbortSignal;
  abort(): void;
}

class LazyContext implements TaskContext {
  readonly #surroundings: TaskSurroundings;
  #controller: AbortController | null = null;
  #isAborted = false;

  constructor(surroundings: TaskSurroundings) {
    this.#surroundings = surroundings;
  }

  get worker(): TaskWorkerInfo {
    return this.#surroundings.worker;
  }

  get workerData(): unknown {
    return this.#surroundings.workerData;
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#isAborted) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  abort(): void {
    this.#isAborted = true;
    this.#controller?.abort();
  }
}

export function createTaskContext(surroundings: TaskSurroundings): TaskContext {
  return new LazyContext(surroundings);
}
