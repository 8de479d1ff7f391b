// Task workers as threads: for each worker a Piscina of its own with one thread, which starts the thread, loads our session in
// it, applies limits and environment, and ends it. It runs one task, `open`; the pool's tasks go over a port of ours.
// On any failure the whole instance is thrown away: it may not respawn by itself (minThreads 0), that is the machine's.

import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  type TransferListItem,
  type Worker,
} from "node:worker_threads";
import { asError } from "../link/described.ts";
import { detached, ignored } from "../link/detached.ts";
import { createFrameWriter } from "../link/frames.ts";
import type { SupervisorMessage } from "../link/protocol.ts";
import { RESULTS_READY } from "../link/result-ring.ts";
import { TASK_MEMORY_BYTES } from "../link/task-memory.ts";
import { eachAnswer, faultOfAnswers, isTaskMessage } from "../link/task-protocol.ts";
import type { SpawnOrder, SpawnStrategy, WorkerHandle, WorkerSink } from "../ports/spawn-strategy.ts";
import type { TaskLink, TaskPlane } from "../ports/task-link.ts";
import { SharedTasks } from "./shared-tasks.ts";
import { sessionOf, type TaskSpawnOptions } from "./task-options.ts";
import { wholeWorkerEnvironment } from "./worker-environment.ts";
import { workerReader } from "./worker-reader.ts";

const RUNNER = new URL("../worker/task-thread.js", import.meta.url).href;

export function createTaskThreadStrategy(options: TaskSpawnOptions, plane: TaskPlane): SpawnStrategy {
  return {
    kind: "fresh",
    spawn(order, sink) {
      const worker = new TaskThread(order, sink, plane);
      detached(worker.start(options), (error) => worker.couldNotStart(error));
      return worker;
    },
  };
}

class TaskThread implements WorkerHandle {
  readonly #order: SpawnOrder;
  readonly #sink: WorkerSink;
  readonly #plane: TaskPlane;
  readonly #memory = new SharedArrayBuffer(TASK_MEMORY_BYTES);
  readonly #shared: SharedTasks;
  readonly #port: MessagePort;
  readonly #far: MessagePort;
  readonly #writer = createFrameWriter<SupervisorMessage>();
  readonly #readFrame: (value: unknown) => void;
  readonly #link: ReturnType<typeof linkOver>;
  #destroy: () => void = () => {};
  #isKilled = false;
  #hasEnded = false;
  #isOutOfMemory = false;

  constructor(order: SpawnOrder, sink: WorkerSink, plane: TaskPlane) {
    const { port1, port2 } = new MessageChannel();
    this.#order = order;
    this.#sink = sink;
    this.#readFrame = workerReader(sink, false);
    this.#plane = plane;
    this.#port = port1;
    this.#far = port2;
    port1.on("message", (value: unknown) => this.#receive(value));
    port1.on("messageerror", () => {
      this.#shared.read();
      plane.unread(order.worker);
    });
    port1.unref();
    this.#shared = new SharedTasks(
      this.#memory,
      (answers) => plane.received(order.worker, answers),
      (detail) => sink.violated(detail),
    );
    this.#link = linkOver(port1, this.#shared);
    plane.linked(order, this.#link);
  }

  async start(options: TaskSpawnOptions): Promise<void> {
    const { Piscina } = await import("piscina");
    if (this.#isKilled) return this.#end(null);
    const { resourceLimits, env, execArgv, workerData } = options;
    const piscina = new Piscina({
      filename: RUNNER,
      name: "open",
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      atomics: "disabled",
      recordTiming: false,
      env: wholeWorkerEnvironment(env),
      ...(execArgv === undefined ? {} : { execArgv: [...execArgv] }),
      resourceLimits,
      workerData,
    });
    piscina.on("error", (error: unknown) => this.#failed(error));
    piscina.on("message", (message: unknown) => this.#plane.posted(this.#order.worker, message));
    const session = sessionOf(options, this.#order, "thread");
    const opening = piscina.run(
      { session, port: this.#far, memory: this.#memory },
      { transferList: [this.#far] },
    );
    const [thread] = piscina.threads;
    // Without one `opening` says why.
    if (thread !== undefined) {
      this.#destroy = () => detached(piscina.destroy(), ignored);
      this.#link.threadId = thread.threadId;
      this.#watch(thread);
      this.#sink.spawned(process.pid);
    }
    await opening.catch((error: unknown) => {
      if (thread === undefined) throw error;
      this.#failed(error);
      this.#destroy();
    });
  }

  /** There is no thread. */
  couldNotStart(error: unknown): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#port.close();
    this.#sink.failed(asError(error));
  }

  send(message: SupervisorMessage): boolean {
    if (this.#hasEnded) return false;
    this.#writer.write(message, (frame) => {
      this.#port.postMessage(frame);
      return true;
    });
    if (message.type === "Report" && this.#plane.isBusy(this.#order.worker))
      this.#sink.message({ type: "Busy", ...this.#signature() });
    return true;
  }

  kill(): void {
    this.#isKilled = true;
    this.#plane.close(this.#order.worker);
    this.#destroy();
  }

  #watch(thread: Worker): void {
    thread.once("error", (error: unknown) => this.#failed(error));
    thread.on("messageerror", (error: unknown) => this.#plane.unreadable(this.#order.worker, error));
    thread.once("exit", (code) => {
      this.#end(code);
      this.#destroy();
    });
  }

  #receive(value: unknown): void {
    if (value === RESULTS_READY) return this.#shared.told();
    // In the order in which the worker spoke: what it answered before it said this.
    this.#shared.read();
    if (!isTaskMessage(value)) return this.#readFrame(value);
    const fault = faultOfAnswers(value);
    if (fault !== null) return this.#sink.violated(fault);
    this.#plane.received(this.#order.worker, { each: (take) => eachAnswer(value, take) });
  }

  /** Node tells us of the thread's own uncaught error; its exit follows. */
  #failed(error: unknown): void {
    if (this.#hasEnded || this.#isKilled) return;
    const { message, stack } = asError(error);
    this.#isOutOfMemory ||=
      error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
    const code = "BROOD_WORKER_EXITED";
    this.#sink.message({
      type: "Failed",
      ...this.#signature(),
      error: { code, message: `threw: ${message}`, stack },
    });
  }

  #end(exitCode: number | null): void {
    if (this.#hasEnded) return;
    for (const message of unread(this.#port)) this.#receive(message);
    this.#shared.read();
    this.#hasEnded = true;
    this.#port.close();
    this.#plane.ended(this.#order.worker, { isOutOfMemory: this.#isOutOfMemory });
    this.#sink.exited({ exitCode, signal: null, stderr: "" });
  }

  #signature(): { readonly worker: SpawnOrder["worker"]; readonly generation: number } {
    return { worker: this.#order.worker, generation: this.#order.generation };
  }
}

/** What came before the thread ended; what cannot be read is passed over, and its task ends with the thread. */
function* unread(port: MessagePort): Generator<unknown> {
  for (;;) {
    try {
      const next = receiveMessageOnPort(port);
      if (next === undefined) return;
      yield next.message;
    } catch {
      // It is taken out of the port all the same.
    }
  }
}

function linkOver(port: MessagePort, shared: SharedTasks): TaskLink & { threadId: number | null } {
  return {
    threadId: null,
    canRevoke: true,
    send(message, transfer) {
      port.postMessage(message, transfer as TransferListItem[]);
      return true;
    },
    offer: (task) => shared.offer(task),
    revoke: (task) => shared.revoke(task),
    look: (again) => shared.look(again),
    hasBegun: (task) => shared.hasBegun(task),
  };
}
