// Task workers forked from a template: the template loads the task file, its copies run tasks. Tasks and results travel in
// the posts of the worker's own link, which carries text: each message is one structured clone in base64. For a worker that
// runs one task (isolate) the cost does not show; for others batches share it.

import { decodePost, encodePost } from "../link/post-codec.ts";
import { RESULTS_READY } from "../link/result-ring.ts";
import { isTaskMessage, JOURNAL_ROLE, type TaskOrder } from "../link/task-protocol.ts";
import type { HostOrder, LoadedRelease, LoadRelease, WorkerHost } from "./host.ts";
import { replaceSend } from "./own-send.ts";
import { openTaskMemory, type TaskMemoryEnd } from "./task-memory.ts";
import { loadTaskModule, type TaskModule } from "./task-module.ts";
import { type TaskChannel, TaskRunner } from "./task-runner.ts";

/** For the template strategy. */
export const loadRelease: LoadRelease = async (order) => {
  const loading = loadTaskModule(order.context.release.entry);
  await Promise.race([loading, order.holding?.waiting ?? loading]);
  return {
    beforeFork: async () => {},
    createWorkerHost: (own) => new TaskHost(own, loading),
  } satisfies LoadedRelease;
};

class TaskHost implements WorkerHost {
  readonly #order: HostOrder;
  readonly #loading: Promise<TaskModule>;
  #module: TaskModule | null = null;
  #runner: TaskRunner | null = null;
  #memory: TaskMemoryEnd = openTaskMemory(null, () => {});

  constructor(order: HostOrder, loading: Promise<TaskModule>) {
    this.#order = order;
    this.#loading = loading;
  }

  async boot(): Promise<void> {
    this.#module = await this.#loading;
  }

  async open(): Promise<void> {
    const { context, hostData, post, sockets } = this.#order;
    if (this.#module === null) throw new TypeError("open() before boot()");
    const journal = sockets.find(({ role }) => role === JOURNAL_ROLE)?.fd ?? null;
    this.#memory = openTaskMemory(journal, () => post(encodePost(RESULTS_READY)));
    const tasks = decodePost(hostData) as TaskOrder;
    const { slot, worker, generation, release } = context;
    const info = Object.freeze({ slot, worker, generation, release, runtime: "child_process" as const });
    const channel: TaskChannel = {
      isCheap: false,
      claim: (seq, cell) => this.#memory.claim(seq, cell),
      place: (seq, result, us, behind) => this.#memory.place(seq, result, us, behind),
      rest: (behind) => this.#memory.rest(behind),
      post: (results: unknown) => post(encodePost(results)),
    };
    // As in a process that was started: `process.send` there is Node's channel to the pool.
    replaceSend((message) => {
      post(encodePost(message));
      return true;
    });
    const surroundings = { worker: info, workerData: tasks.workerData };
    const runner = new TaskRunner(this.#module, tasks, channel, surroundings);
    this.#runner = runner;
    process.once("exit", () => runner.flush());
  }

  async drain(): Promise<void> {
    await this.#runner?.drain();
  }

  async close(): Promise<void> {}

  usage(): { readonly requests: number; readonly connections: number; readonly tasks: number } {
    return { requests: this.#runner?.done ?? 0, connections: 0, tasks: this.#runner?.active ?? 0 };
  }

  message(payload: unknown): void {
    const message = decodePost(payload);
    if (!isTaskMessage(message)) return;
    this.#runner?.receive(message);
  }
}
