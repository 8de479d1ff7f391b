// Task workers forked from a template: the strategy for services with a data plane in the posts of each worker's link. What
// the machine sees of a worker is the same; posts are tasks and results, and go to the pool and from it.

import { decodePost, encodePost } from "../link/post-codec.ts";
import type { SupervisorMessage, WorkerMessage } from "../link/protocol.ts";
import { JOURNAL_ROLE } from "../link/task-protocol.ts";
import type { SpawnOrder, WorkerHandle, WorkerSink } from "../ports/spawn-strategy.ts";
import type { TaskPlane } from "../ports/task-link.ts";
import type { TemplateHandle, TemplateStrategy } from "../ports/template-strategy.ts";
import { ProcessTasks } from "./process-tasks.ts";
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
  readonly #tasks: ProcessTasks;
  readonly #handle: WorkerHandle;

  constructor(template: TemplateHandle, order: SpawnOrder, sink: WorkerSink, plane: TaskPlane) {
    const tasks = new ProcessTasks(order, sink, plane, (message) => this.#post(message));
    this.#tasks = tasks;
    // Templates need the addon, and with it there is memory; without memory the worker notes nothing.
    const { journal } = tasks;
    const given = typeof journal === "number" ? [{ role: JOURNAL_ROLE, fd: journal, address: null }] : [];
    const sockets = [...order.sockets, ...given];
    try {
      this.#handle = template.fork(
        { ...order, sockets },
        {
          spawned: (pid) => tasks.spawned(pid),
          violated: (detail) => sink.violated(detail),
          failed: (error) => tasks.failed(error),
          message: (message) => this.#receive(message, sink),
          exited: (end) => tasks.ended(end),
        },
      );
    } catch (error) {
      tasks.dropped();
      throw error;
    }
  }

  send(message: SupervisorMessage): boolean {
    this.#tasks.speakFor(message);
    return this.#handle.send(message);
  }

  examine(): void {
    this.#handle.examine?.();
  }

  kill(): void {
    this.#tasks.close();
    this.#handle.kill();
  }

  #post(message: unknown): boolean {
    return this.#handle.send({ type: "Post", payload: encodePost(message) });
  }

  #receive(message: WorkerMessage, sink: WorkerSink): void {
    if (message.type !== "Post") return sink.message(message);
    let payload: unknown;
    try {
      payload = decodePost(message.payload);
    } catch {
      return sink.violated("a post that is no value");
    }
    if (!this.#tasks.received(payload)) sink.violated("a post that is no answer");
  }
}
