// Task workers forked from a template: the strategy for services with a data plane in the posts of each worker's link. What
// the machine sees of a worker is the same; posts are tasks and results, and go to the pool and from it.

import { decodePost, encodePost } from "../link/post-codec.ts";
import type { SupervisorMessage } from "../link/protocol.ts";
import { isTaskMessage, JOURNAL } from "../link/task-protocol.ts";
import type { SpawnOrder, WorkerHandle, WorkerSink } from "../ports/spawn-strategy.ts";
import type { TaskPlane } from "../ports/task-link.ts";
import type { TemplateHandle, TemplateStrategy } from "../ports/template-strategy.ts";
import { openTaskJournal } from "./task-journal.ts";
import type { TaskSpawnOptions } from "./task-options.ts";

export const TASK_HOST: string = new URL("../worker/task-host.js", import.meta.url).href;

/** What a task host is told, as its link can carry it. @throws DataCloneError for workerData that cannot be cloned */
export function taskHostData({ tasks }: TaskSpawnOptions): string {
  return encodePost(tasks);
}

/** @param templates of services, made with TASK_HOST and taskHostData */
export function createTaskTemplateStrategy(templates: TemplateStrategy, plane: TaskPlane): TemplateStrategy {
  return {
    build(order, sink) {
      const template = templates.build(order, sink);
      return {
        fork: (worker, own) => new ForkedTaskWorker(template, worker, own, plane),
        kill: () => template.kill(),
      };
    },
  };
}

class ForkedTaskWorker implements WorkerHandle {
  readonly #order: SpawnOrder;
  readonly #plane: TaskPlane;
  readonly #sink: WorkerSink;
  readonly #journal = openTaskJournal();
  readonly #handle: WorkerHandle;

  constructor(template: TemplateHandle, order: SpawnOrder, sink: WorkerSink, plane: TaskPlane) {
    this.#order = order;
    this.#plane = plane;
    this.#sink = sink;
    plane.linked(order, {
      threadId: null,
      canRevoke: false,
      send: (message) => this.#post(message),
      offer: () => {},
      revoke: () => false,
      hasBegun: ({ seq }) => {
        const begun = this.#journal.begun();
        return begun === null ? null : seq <= begun;
      },
    });
    this.#handle = template.fork(order, this.#watched(sink));
  }

  send(message: SupervisorMessage): boolean {
    if (message.type === "Report" && this.#plane.isBusy(this.#order.worker))
      this.#sink.message({ type: "Busy", worker: this.#order.worker, generation: this.#order.generation });
    return this.#handle.send(message);
  }

  kill(): void {
    this.#plane.close(this.#order.worker);
    this.#handle.kill();
  }

  #post(message: unknown): void {
    this.#handle.send({ type: "Post", payload: encodePost(message) });
  }

  #watched(sink: WorkerSink): WorkerSink {
    return {
      spawned: (pid) => sink.spawned(pid),
      violated: (detail) => sink.violated(detail),
      failed: (error) => {
        this.#journal.close();
        sink.failed(error);
      },
      message: (message) => {
        // Before anybody may send it a task.
        if (message.type === "Ready" && this.#journal.path !== null)
          this.#post([JOURNAL, this.#journal.path]);
        if (message.type !== "Post") return sink.message(message);
        const results = decodePost(message.payload);
        if (isTaskMessage(results)) this.#plane.received(this.#order.worker, results);
      },
      exited: (end) => {
        this.#journal.close();
        this.#plane.ended(this.#order.worker, { isOutOfMemory: /heap out of memory/i.test(end.stderr) });
        sink.exited(end);
      },
    };
  }
}
