// A worker from the order to fork it until it has been forked: not more than a link, one end of which is on its way to the
// template. Exactly one of three things becomes of it: born, lost (the template refused or died), or called off.

import type { SpawnOrder, SupervisorMessage, WorkerHandle, WorkerSink } from "@brood/core/engine";
import type { VirtualTime } from "./virtual-time.ts";
import type { SimulatedWorker } from "./worker.ts";

/** From the moment its link is closed until that is noticed. */
const NOTICED_MS = 1;

export class Birth implements WorkerHandle {
  readonly order: SpawnOrder;
  readonly #sink: WorkerSink;
  readonly #time: VirtualTime;
  #worker: SimulatedWorker | null = null;
  #isOver = false;

  constructor(order: SpawnOrder, sink: WorkerSink, time: VirtualTime) {
    this.order = order;
    this.#sink = sink;
    this.#time = time;
  }

  /** Neither born nor over. */
  get isPending(): boolean {
    return this.#worker === null && !this.#isOver;
  }

  /** `fork` starts the process, and is given the sink that it speaks to. */
  born(fork: (sink: WorkerSink) => SimulatedWorker): SimulatedWorker {
    const exited: WorkerSink["exited"] = (end) => {
      this.#isOver = true;
      this.#sink.exited(end);
    };
    this.#worker = fork({ ...this.#sink, exited });
    return this.#worker;
  }

  /** The template says that it has forked it; the worker itself may have reported before. */
  told(pid: number): void {
    if (!this.#isOver) this.#sink.spawned(pid);
  }

  /** There will be no process. */
  lost(why: string): void {
    if (!this.isPending) return;
    this.#isOver = true;
    this.#sink.failed(new Error(why));
  }

  send(message: SupervisorMessage): boolean {
    return this.#worker?.send(message) ?? false;
  }

  kill(): void {
    if (this.#worker !== null) return this.#worker.kill();
    if (this.#isOver) return;
    this.#isOver = true;
    const end = { exitCode: null, signal: "SIGKILL", stderr: "" };
    this.#time.reach(this.#time.now() + NOTICED_MS, () => this.#sink.exited(end));
  }
}
